import { describe, expect, it } from 'vitest'
import { changePlan } from '../../test/samples/change-plan.ts'
import { sampleHeaders } from '../../test/samples/sample-message.ts'
import { simulatedClock } from '../clock.ts'
import type { Settlement } from '../runner/job.ts'
import type { DeliveryPlace } from '../runner/runner-parts.ts'
import type { StepEvent } from '../store/store.ts'
import type { Metrics } from './open-metrics.ts'
import { openMetrics } from './open-metrics.ts'
import type { ObservingRecorderMeters } from './recorder-meters.ts'
import { recorderMeters } from './recorder-meters.ts'
import type { StepMeters } from './step-meters.ts'
import { stepMeters } from './step-meters.ts'

const place: DeliveryPlace = {
  namespace: 'shop',
  flow: 'orders',
  uid: 'uid-1',
  step: 'fetch',
  queue: 'uid-1.fetch.abc.1',
  pool: 'Component/shop',
}
const startedAt = 1_700_000_000_000
const plan = changePlan({ steps: { a: 'f', b: 'f' } })
const living = plan.stages.map((stage) => ({ stage, plan }))
const headers = sampleHeaders({ flow: 'uid-1', run: 'run-1', runStartedAt: startedAt, at: 'fetch' })
const settled: Settlement = { kind: 'ack', event: 'settled', emitted: 3 }

function eventOf(kind: StepEvent['kind'], step = 'fetch'): StepEvent {
  const ids = { namespace: 'shop', flow: 'uid-1', run: 'run-1', messageId: 'm1' }
  return { ...ids, step, kind, attempt: 1, emitted: 0, at: startedAt, durationMs: 1 }
}

function open(
  depth: (queue: string) => Promise<{ ready: number; consumers: number } | undefined> = async () => undefined,
): {
  metrics: Metrics
  meters: StepMeters
  recorder: ObservingRecorderMeters
  clock: ReturnType<typeof simulatedClock>
} {
  const clock = simulatedClock(startedAt)
  const meters = stepMeters()
  const recorder = recorderMeters(clock)
  const metrics = openMetrics({
    broker: { depth, health: () => ({ kind: 'ready' }) },
    store: { health: () => ({ kind: 'unreachable', since: 0, reason: 'it is away' }) },
    clock,
    dropped: () => 7,
    work: { meters, living: () => living },
    recorder,
  })
  return { metrics, meters, recorder, clock }
}

async function linesOf(metrics: Metrics, name: string): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line.startsWith(name))
}

describe('openMetrics', () => {
  it('counts what comes, what it gives and how it ends, by flow and step', async () => {
    const { metrics, meters, clock } = open()
    const { observer } = meters
    observer.onDeliveryBegin(place, headers)
    observer.onDeliveryEnd(place, headers, { settlement: settled, durationMs: 30 })
    observer.onDeliveryBegin(place, headers)
    observer.onDeliveryEnd(place, headers, { settlement: { kind: 'requeue' }, durationMs: 5 })
    observer.onDeliveryBegin(place, headers)
    observer.onEvent(eventOf('retried'))
    observer.onEvent(eventOf('dead', 'shape'))
    observer.onEvent(eventOf('settled'))
    await clock.advance(90_000)
    const labels = 'namespace="shop",flow="orders",step="fetch"'
    const text = await metrics.text()
    expect(text).toContain(`weir_messages_received_total{${labels}} 3`)
    expect(text).toContain(`weir_messages_emitted_total{${labels}} 3`)
    expect(text).toContain(`weir_messages_retried_total{${labels}} 1`)
    expect(text).toContain('weir_messages_dead_total{namespace="shop",flow="orders",step="shape"} 1')
    expect(text).toContain(`weir_messages_given_back_total{${labels}} 1`)
    expect(text).toContain(`weir_messages_in_flight{${labels}} 1`)
    expect(text).toContain(`weir_oldest_run_age_seconds{${labels}} 90`)
    expect(text).toContain('weir_broker_ready 1')
    expect(text).toContain('weir_store_ready 0')
    expect(text).toContain('weir_observations_dropped_total 7')
  })

  it('writes a histogram whose buckets add up', async () => {
    const { metrics, meters } = open()
    for (const durationMs of [0.5, 1, 40, 2_000_000]) {
      meters.observer.onDeliveryBegin(place, headers)
      meters.observer.onDeliveryEnd(place, headers, { settlement: settled, durationMs })
    }
    const lines = await linesOf(metrics, 'weir_message_duration_seconds')
    const valueOf = (text: string): string | undefined =>
      lines
        .find((line) => line.includes(text))
        ?.split(' ')
        .at(-1)
    expect(valueOf('le="0.001"')).toBe('2')
    expect(valueOf('le="0.025"')).toBe('2')
    expect(valueOf('le="0.05"')).toBe('3')
    expect(valueOf('le="1200"')).toBe('3')
    expect(valueOf('le="+Inf"')).toBe('4')
    expect(valueOf('_count')).toBe('4')
    expect(valueOf('_sum')).toBe('2000.0415')
  })

  const backlogOfAll = living.map(
    ({ stage, plan: { flow } }) =>
      `weir_queue_messages_ready{namespace="${flow.namespace}",flow="${flow.name}",step="${stage.name}"} 42`,
  )

  it('asks for the depth of the queues that are consumed here, not at every scrape, and does without an answer', async () => {
    let asked = 0
    const { metrics, clock } = open(async (queue) => {
      if (!queue.startsWith('uid.')) return { ready: 0, consumers: 0 }
      asked += 1
      if (asked > living.length) throw new Error('no broker')
      return { ready: 42, consumers: 1 }
    })
    const backlog = async (): Promise<string[]> => linesOf(metrics, 'weir_queue_messages_ready')
    expect(await backlog()).toEqual(backlogOfAll)
    await backlog()
    expect(asked).toBe(living.length)
    await clock.advance(5000)
    expect(await backlog()).toEqual([])
    expect(asked).toBe(2 * living.length)
  })

  it('says of a recorder what it has written, and how late', async () => {
    const { metrics, recorder } = open(async () => ({ ready: 3, consumers: 1 }))
    recorder.observer.onBatch({ at: startedAt - 2500, count: 40 })
    recorder.observer.onBatch({ at: startedAt + 60_000, count: 2 })
    const text = await metrics.text()
    expect(text).toContain('weir_recorder_batches_total 2\n')
    expect(text).toContain('weir_recorder_observations_total 42\n')
    expect(text).toContain('weir_recorder_dead_letters_total 0\n')
    // The other's clock is ahead: never less than nothing.
    expect(text).toContain('weir_recorder_lag_seconds 0\n')
    expect(text).toContain('weir_recorder_queue_messages_ready{queue="dead"} 3\n')
  })
})

describe('stepMeters', () => {
  it('counts together what comes after as many steps as it tells apart', () => {
    const meters = stepMeters(2)
    const places = [1, 2, 3, 4].map((n) => ({ ...place, step: `step-${n}`, queue: `q${n}` }))
    for (const each of places) meters.observer.onDeliveryBegin(each, headers)
    const counted = [...meters.all()].map(({ labels, received }) => [labels.step, received])
    expect(counted).toEqual([
      ['step-1', 1],
      ['step-2', 1],
      ['_other', 2],
    ])
  })
})
