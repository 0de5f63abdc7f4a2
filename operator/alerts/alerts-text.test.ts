import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { findPromtool, type Promtool } from '../../test/env/promtool.ts'
import { alertsText } from './alerts-text.ts'

const run = promisify(execFile)
const step = 'namespace="shop", flow="orders", step="store"'
const leads = { series: 'leader_election_master_status{name="weir-operator", instance="o"}', values: '1x120' }

/** What is measured each minute, and which alarms there are after so long. */
const cases = [
  {
    name: 'a broker that is gone',
    after: '5m',
    input: { 'weir_broker_ready{instance="a"}': '1 1 0x10' },
    want: ['WeirBrokerUnavailable'],
  },
  {
    name: 'and one that was gone for a moment',
    after: '5m',
    input: { 'weir_broker_ready{instance="a"}': '1 0 1x10' },
    want: [],
  },
  {
    name: 'dead letters that rise',
    after: '10m',
    input: { [`weir_messages_dead_total{${step}}`]: '3 3 3 4x20' },
    want: ['WeirDeadLetters'],
  },
  {
    name: 'and not those that were there before',
    after: '10m',
    input: { [`weir_messages_dead_total{${step}}`]: '3x20' },
    want: [],
  },
  {
    name: 'a backlog that stays',
    after: '30m',
    input: { [`weir_queue_messages_ready{${step}, instance="a"}`]: '6000x40' },
    want: ['WeirBacklog'],
  },
  {
    name: 'a small one that grows',
    after: '75m',
    input: { [`weir_queue_messages_ready{${step}}`]: '200+10x90' },
    want: ['WeirBacklogGrows'],
  },
  {
    name: 'and not a burst that goes',
    after: '75m',
    input: { [`weir_queue_messages_ready{${step}}`]: '900-20x40 100x40' },
    want: [],
  },
  {
    name: 'retries of more than a tenth',
    after: '40m',
    input: {
      [`weir_messages_retried_total{${step}}`]: '0+20x60',
      [`weir_messages_received_total{${step}}`]: '0+100x60',
    },
    want: ['WeirManyRetries'],
  },
  {
    name: 'a run of yesterday',
    after: '10m',
    input: { [`weir_oldest_run_age_seconds{${step}}`]: '90000x20' },
    want: ['WeirOldRun'],
  },
  {
    name: 'what lost its target',
    after: '10m',
    input: { 'weir_recorder_queue_messages_ready{queue="unrouted"}': '2x20' },
    want: ['WeirUnrouted'],
  },
  {
    name: 'a recorder that is behind',
    after: '10m',
    input: { 'weir_recorder_queue_messages_ready{queue="events"}': '450x20' },
    want: ['WeirRecorderBehind'],
  },
  {
    name: 'observations that were dropped',
    after: '10m',
    input: { weir_observations_dropped_total: '0 0 9x20' },
    want: ['WeirObservationsDropped'],
  },
  {
    name: 'an operator that fails',
    after: '40m',
    input: { 'controller_runtime_reconcile_errors_total{controller="flow", instance="o"}': '0+10x60' },
    want: ['WeirReconcileErrors'],
  },
  {
    name: "and not somebody else's",
    after: '40m',
    input: { 'controller_runtime_reconcile_errors_total{controller="flow", instance="x"}': '0+10x60' },
    want: [],
  },
  {
    name: 'a key that ends in a day',
    after: '10m',
    input: {
      'weir_credential_expires_timestamp_seconds{namespace="shop", credential="crm", renewal="manual"}': '86400x20',
    },
    want: ['WeirCredentialExpires'],
  },
  {
    name: 'and not a token that does, for it is renewed',
    after: '10m',
    input: {
      'weir_credential_expires_timestamp_seconds{namespace="shop", credential="crm", renewal="automatic"}': '86400x20',
    },
    want: [],
  },
  {
    name: 'a token that was not',
    after: '10m',
    input: {
      'weir_credential_expires_timestamp_seconds{namespace="shop", credential="crm", renewal="automatic"}': '60x20',
    },
    want: ['WeirTokenNotRenewed'],
  },
  {
    name: 'a credential that does not work',
    after: '15m',
    input: { 'weir_credential_ready{namespace="shop", credential="crm"}': '0x20' },
    want: ['WeirCredentialNotReady'],
  },
]

describe('the alarms, by Prometheus itself', () => {
  let directory: string
  let promtool: Promtool
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weir-alerts-'))
    await writeFile(join(directory, 'alerts.yaml'), alertsText())
    promtool = await findPromtool()
  }, 300_000)
  afterAll(() => rm(directory, { recursive: true, force: true }))

  const runTool = async (...args: readonly string[]): Promise<string> => {
    if (promtool.kind === 'missing') throw new Error(promtool.reason)
    const { stdout } = await run(promtool.path, [...args], { cwd: directory })
    return stdout
  }

  it('are rules that it takes', async ({ skip }) => {
    if (promtool.kind === 'missing') return skip(promtool.reason)
    expect(await runTool('check', 'rules', 'alerts.yaml')).toMatch(/SUCCESS/)
  })

  it.for(cases)('tell of $name', async ({ after, input, want }, { skip }) => {
    if (promtool.kind === 'missing') return skip(promtool.reason)
    const test = {
      rule_files: ['alerts.yaml'],
      evaluation_interval: '1m',
      tests: [
        {
          interval: '1m',
          input_series: [
            leads,
            ...othersThere(input),
            ...Object.entries(input).map(([series, values]) => ({ series, values })),
          ],
          // Labels and words are in the rules; here it matters that they come at all.
          promql_expr_test: [
            {
              expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
              eval_time: after,
              exp_samples: want.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
            },
          ],
        },
      ],
    }
    await writeFile(join(directory, 'test.yaml'), stringify(test))
    expect(await runTool('test', 'rules', 'test.yaml')).toMatch(/SUCCESS/)
  })
})

/** Whose absence would be an alarm itself. */
function othersThere(input: Readonly<Record<string, string>>) {
  const isThere = Object.keys(input).some((series) => series.startsWith('weir_recorder_queue_messages_ready'))
  return isThere ? [] : [{ series: 'weir_recorder_queue_messages_ready{queue="events"}', values: '0x120' }]
}
