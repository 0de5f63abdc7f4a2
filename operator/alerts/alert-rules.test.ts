import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { prometheusMeters } from '../../kube/metrics/prometheus-meters.ts'
import { simulatedClock } from '../../runtime/clock.ts'
import { openMetrics } from '../../runtime/metrics/open-metrics.ts'
import { recorderMeters } from '../../runtime/metrics/recorder-meters.ts'
import { stepMeters } from '../../runtime/metrics/step-meters.ts'
import { changePlan } from '../../test/samples/change-plan.ts'
import { sampleHeaders } from '../../test/samples/sample-message.ts'
import { addCredentialMetrics, operatorMetrics } from '../credential-metrics.ts'
import { alertGroups, type AlertGroup } from './alert-rules.ts'
import { alertsText, prometheusRuleText } from './alerts-text.ts'

/** What Prometheus adds to whatever it reads. */
const ofTargets = ['instance', 'job', 'namespace', 'pod']
const words = new Set('and or unless on ignoring by without bool group_left group_right inf nan'.split(' '))

const rules = alertGroups.flatMap((group) => group.rules)

/** Labels by metric, as the programs write them. */
async function exported(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const texts = [await runnerAndRecorder(), await operator()]
  const labels = new Map<string, Set<string>>()
  for (const line of texts.join('\n').split('\n')) {
    const [, name = '', within = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /.exec(line) ?? []
    if (name === '') continue
    const known = labels.get(name) ?? new Set()
    for (const [, label = ''] of within.matchAll(/(\w+)="/g)) known.add(label)
    labels.set(name, known)
  }
  return labels
}

async function runnerAndRecorder(): Promise<string> {
  const clock = simulatedClock(1_700_000_000_000)
  const meters = stepMeters()
  const plan = changePlan({ steps: { a: 'f' } })
  const place = { namespace: 'n', flow: 'f', uid: 'u', step: 'a', queue: 'q', pool: 'core' }
  meters.observer.onDeliveryBegin(place, sampleHeaders({ flow: 'u', at: 'a' }))
  meters.observer.onBudgetUnknown('shop', 'crm')
  return openMetrics({
    broker: { depth: async () => ({ ready: 1, consumers: 1 }), health: () => ({ kind: 'ready' }) },
    store: { health: () => ({ kind: 'ready' }) },
    clock,
    dropped: () => 0,
    work: { meters, living: () => plan.stages.map((stage) => ({ stage, plan })) },
    recorder: recorderMeters(clock),
  }).text()
}

/** Its registry refuses a name or a label that it does not have. */
async function operator(): Promise<string> {
  const registry = new Registry()
  const meters = prometheusMeters(registry, operatorMetrics)
  for (const name of ['errors', 'panics'])
    meters.count(`controller_runtime_reconcile_${name}_total`, { controller: 'flow' })
  meters.count('weir_credential_renewals_total', { result: 'renewed' })
  meters.gauge('leader_election_master_status', { name: 'weir-operator' }, () => 1)
  const status = {
    expiresAt: '2030-01-01T00:00:00Z',
    conditions: [
      {
        type: 'Ready',
        status: 'True' as const,
        reason: 'Available',
        message: '',
        lastTransitionTime: '2029-01-01T00:00:00Z',
      },
    ],
  }
  addCredentialMetrics(registry, () => [
    { metadata: { namespace: 'shop', name: 'crm' }, spec: { type: 'basic' }, status } as never, // just what is read
  ])
  return registry.metrics()
}

interface Named {
  /** With the labels that it is chosen by. */
  readonly metrics: ReadonlyMap<string, readonly string[]>
  /** That it is grouped or joined by. */
  readonly labels: readonly string[]
}

/** Which metrics and labels an expression speaks of. */
function namesIn(expr: string): Named {
  const metrics = new Map<string, readonly string[]>()
  const labels: string[] = []
  const rest = expr
    .replaceAll(/"[^"]*"/g, '""')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g, (_, list: string) => {
      labels.push(...list.split(',').map((label) => label.trim()))
      return ''
    })
    .replaceAll(/([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}/g, (_, name: string, matchers: string) => {
      metrics.set(
        name,
        [...matchers.matchAll(/(\w+)\s*[=!]/g)].map(([, label = '']) => label),
      )
      return ''
    })
  for (const [, name = ''] of rest.matchAll(/([a-zA-Z_:][\w:]*)\b(?!\s*\()/g)) {
    if (!words.has(name) && !metrics.has(name)) metrics.set(name, [])
  }
  return { metrics, labels }
}

describe('the alarms', () => {
  it.each(rules)('$alert speaks of metrics and labels that the programs have', async ({ expr }) => {
    const known = await exported()
    const { metrics, labels } = namesIn(expr)
    expect(metrics.size).toBeGreaterThan(0)
    for (const [metric, matchers] of metrics) {
      expect([...known.keys()]).toContain(metric)
      expect([...(known.get(metric) ?? [])]).toEqual(expect.arrayContaining([...matchers]))
    }
    const ofMetrics = [...metrics.keys()].flatMap((metric) => [...(known.get(metric) ?? [])])
    for (const label of labels) expect([...ofMetrics, ...ofTargets]).toContain(label)
  })

  it.each(rules)('$alert tells by labels that its expression leaves', ({ expr, annotations }) => {
    const { metrics, labels } = namesIn(expr)
    const told = [...`${annotations.summary} ${annotations.description}`.matchAll(/\$labels\.(\w+)/g)].map(
      ([, label = '']) => label,
    )
    if (labels.length > 0) expect(labels).toEqual(expect.arrayContaining(told))
    else for (const label of told) expect([...[...metrics.values()].flat(), ...ofTargets]).toContain(label)
  })

  it('are named once, each with a severity, and say what to do', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
    for (const { alert, annotations } of rules) {
      expect(alert).toMatch(/^Weir[A-Z]\w+$/)
      expect(annotations.summary).toMatch(/\.$/)
      expect(annotations.description).toMatch(/\.$|\?$/)
    }
  })

  it('would not pass with a metric or a label that nobody has', async () => {
    const known = await exported()
    const { metrics, labels } = namesIn('sum by (flow, color) (rate(weir_mesages_total{shape="x"}[5m])) > 0')
    expect([...metrics]).toEqual([['weir_mesages_total', ['shape']]])
    expect(labels).toEqual(['flow', 'color'])
    expect(known.has('weir_mesages_total')).toBe(false)
    expect(known.get('weir_messages_dead_total')?.has('color')).toBe(false)
  })

  it('are the same in both files', () => {
    const { groups } = parse(alertsText()) as { groups: readonly AlertGroup[] }
    expect(groups).toEqual(alertGroups)
    expect(parse(prometheusRuleText('weir-system'))).toMatchObject({
      kind: 'PrometheusRule',
      metadata: { namespace: 'weir-system' },
      spec: { groups },
    })
  })
})
