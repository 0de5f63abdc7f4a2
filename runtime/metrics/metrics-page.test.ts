import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { changePlan } from '../../test/samples/change-plan.ts'
import { sampleHeaders } from '../../test/samples/sample-message.ts'
import { simulatedClock } from '../clock.ts'
import { openMetrics } from './open-metrics.ts'
import { gatewayMeters } from './gateway-meters.ts'
import { recorderMeters } from './recorder-meters.ts'
import { stepMeters } from './step-meters.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'processes.md'), 'utf8')

interface Family {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly labels: Set<string>
}

const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.e+-]+|[Nn]a[Nn]|\+Inf|-Inf)$/
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy

/** Reads the text format as Prometheus does; throws at what that would not take. */
function readText(text: string): Map<string, Family> {
  const families = new Map<string, Family>()
  const helps = new Map<string, string>()
  const seen = new Set<string>()
  let current: Family | undefined
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (kind === 'HELP') helps.set(name, rest)
    else if (kind === 'TYPE') {
      if (families.has(name)) throw new Error(`${name} comes twice`)
      current = { name, type: rest, help: helps.get(name) ?? '', labels: new Set() }
      families.set(name, current)
    } else readSample(line, current, seen)
  }
  return families
}

function readSample(line: string, family: Family | undefined, seen: Set<string>): void {
  const parts = sample.exec(line)
  if (parts === null) throw new Error(`no sample: ${line}`)
  const [, name = '', labels = ''] = parts
  if (family === undefined || family.name !== familyOf(name, family.type)) throw new Error(`a stray sample: ${line}`)
  for (const key of labelNames(labels)) if (key !== 'le') family.labels.add(key)
  const series = `${name}{${labels}}`
  if (seen.has(series)) throw new Error(`${series} comes twice`)
  seen.add(series)
}

function familyOf(name: string, type: string): string {
  return type === 'histogram' ? name.replace(/_(?:bucket|sum|count)$/, '') : name
}

function labelNames(labels: string): string[] {
  const pairs = [...labels.matchAll(label)]
  if (pairs.map(([pair]) => pair).join('') !== labels) throw new Error(`no labels: ${labels}`)
  return pairs.map(([, key = '']) => key)
}

async function families(): Promise<Family[]> {
  const clock = simulatedClock(1_700_000_000_000)
  const meters = stepMeters()
  const plan = changePlan({ steps: { a: 'f' } })
  const place = { namespace: 'a "b"', flow: 'c\\d', uid: 'u', step: 'e\nf', queue: 'q', pool: 'core' }
  meters.observer.onDeliveryBegin(place, sampleHeaders({ flow: 'u', at: 'a' }))
  meters.observer.onBudgetWait('shop', 'crm', 'parked')
  meters.observer.onBudgetUnknown('shop', 'crm')
  const gateway = gatewayMeters({ inFlight: () => 1, waiters: () => 2 })
  gateway.count({ namespace: 'shop', status: 202 })
  const metrics = openMetrics({
    broker: { depth: async () => ({ ready: 1, consumers: 1 }), health: () => ({ kind: 'ready' }) },
    store: { health: () => ({ kind: 'ready' }) },
    clock,
    dropped: () => 0,
    work: { meters, living: () => plan.stages.map((stage) => ({ stage, plan })) },
    recorder: recorderMeters(clock),
    gateway,
  })
  return [...readText(await metrics.text()).values()]
}

describe('the metrics', () => {
  it('are those that their page lists', async () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| `weir_'))
    const own = (await families()).filter(({ name }) => name.startsWith('weir_'))
    expect(rows.map((row) => row.replaceAll(/ +/g, ' '))).toEqual(
      own.map(({ name, type, labels, help }) =>
        `| \`${name}\` | ${type} | ${[...labels].join(', ')} | ${help} |`.replace('|  |', '| |'),
      ),
    )
  })

  it('are named by the rules of Prometheus: counters end in _total, and units stand in names', async () => {
    const wrong = (await families())
      .filter(({ name }) => name.startsWith('weir_'))
      .filter(
        ({ name, type }) =>
          name.endsWith('_total') !== (type === 'counter') ||
          /(?:_ms|_millis|_count|_sum|_bucket|[A-Z])/.test(name) ||
          (/_(?:duration|age|lag)(?:_|$)/.test(name) && !name.endsWith('_seconds')),
      )
    expect(wrong).toEqual([])
  })

  it.each([
    { name: 'a name with a dash', text: '# TYPE a-b gauge\na-b 1' },
    { name: 'a sample twice', text: '# TYPE a gauge\na{b="c"} 1\na{b="c"} 2' },
    { name: 'an open quote', text: '# TYPE a gauge\na{b="c} 1' },
    { name: 'a line break in a label', text: '# TYPE a gauge\na{b="c\nd"} 1' },
    { name: 'a stray sample', text: '# TYPE a gauge\nb 1' },
    { name: 'no number', text: '# TYPE a gauge\na one' },
  ])('would not pass with $name', ({ text }) => {
    expect(() => readText(text)).toThrow()
  })
})
