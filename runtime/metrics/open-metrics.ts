import { Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { RunnerObserver } from '../runner/runner-parts.ts'
import type { Store } from '../store/store.ts'
import type { StepLabels, StepMeter } from './step-meters.ts'
import { durationBoundsMs, stepMeters } from './step-meters.ts'

/** What Prometheus reads of a process. */
export interface Metrics {
  readonly observer: Required<Pick<RunnerObserver, 'onDeliveryBegin' | 'onDeliveryEnd' | 'onEvent'>>
  readonly contentType: string
  /** In the text format; asks the broker for the depth of queues, at most once in a few seconds. */
  readonly text: () => Promise<string>
}

export interface MetricsParts {
  readonly broker: Pick<Broker, 'depth' | 'health'>
  readonly store: Pick<Store, 'health'>
  readonly clock: Clock
  /** Observations that found no room in this process. */
  readonly dropped: () => number
}

const depthsAfterMs = 5000
/** Passive declares at a time. */
const depthsAtOnce = 20

export function openMetrics(parts: MetricsParts): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const meters = stepMeters()
  const depths = depthReader(parts, () => meters.queues().keys())
  for (const metric of stepMetrics(() => meters.all(), parts.clock)) registry.registerMetric(metric)
  gauge(registry, 'weir_broker_ready', 'Whether the broker takes and gives messages.', () =>
    parts.broker.health().kind === 'ready' ? 1 : 0,
  )
  gauge(registry, 'weir_store_ready', 'Whether the store answers.', () =>
    parts.store.health().kind === 'ready' ? 1 : 0,
  )
  gauge(registry, 'weir_observations_dropped', 'Observations that found no room in this process.', parts.dropped)
  backlogGauge(registry, depths, meters.queues)
  return { observer: meters.observer, contentType: registry.contentType, text: () => registry.metrics() }
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  const own: Gauge = new Gauge({ name, help, registers: [registry], collect: () => own.set(read()) })
}

function backlogGauge(
  registry: Registry,
  depths: () => Promise<ReadonlyMap<string, number>>,
  queues: () => ReadonlyMap<string, StepLabels>,
): void {
  const own: Gauge = new Gauge({
    name: 'weir_queue_messages_ready',
    help: 'Messages that wait in the queues that this process consumes.',
    labelNames: ['namespace', 'flow', 'step'],
    registers: [registry],
    collect: async () => {
      const ready = await depths()
      own.reset()
      for (const [queue, labels] of queues()) {
        const depth = ready.get(queue)
        if (depth !== undefined) own.inc({ ...labels }, depth)
      }
    },
  })
}

/** Depths by queue, no older than a few seconds; what the broker does not say is left out. */
function depthReader(
  { broker, clock }: MetricsParts,
  queues: () => Iterable<string>,
): () => Promise<ReadonlyMap<string, number>> {
  let readAt = -Infinity
  let reading: Promise<ReadonlyMap<string, number>> = Promise.resolve(new Map())
  const read = async (): Promise<ReadonlyMap<string, number>> => {
    const waiting = [...queues()]
    const depths = new Map<string, number>()
    const readNext = async (): Promise<void> => {
      for (let queue = waiting.pop(); queue !== undefined; queue = waiting.pop()) {
        const depth = await broker.depth(queue).catch(() => undefined)
        if (depth !== undefined) depths.set(queue, depth.ready)
      }
    }
    await Promise.all(Array.from({ length: depthsAtOnce }, readNext))
    return depths
  }
  return () => {
    if (clock.now() - readAt < depthsAfterMs) return reading
    readAt = clock.now()
    reading = read()
    return reading
  }
}

type Meters = () => Iterable<StepMeter>
type Metric = Parameters<Registry['registerMetric']>[0]

interface Value {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  readonly metricName?: string
}

function stepMetrics(meters: Meters, clock: Clock): Metric[] {
  const counter = (name: string, help: string, read: (meter: StepMeter) => number): Metric =>
    ownMetric({ name, help, type: 'counter' }, () =>
      [...meters()].map((meter) => ({ labels: { ...meter.labels }, value: read(meter) })),
    )
  const gaugeOf = (name: string, help: string, read: (meter: StepMeter) => number): Metric =>
    ownMetric({ name, help, type: 'gauge' }, () =>
      [...meters()].map((meter) => ({ labels: { ...meter.labels }, value: read(meter) })),
    )
  return [
    counter('weir_messages_received_total', 'Deliveries that were begun.', (meter) => meter.received),
    counter('weir_messages_emitted_total', 'Messages that deliveries gave.', (meter) => meter.emitted),
    counter('weir_messages_retried_total', 'Attempts that failed and will be made again.', (meter) => meter.retried),
    counter('weir_messages_dead_total', 'Messages that became dead letters.', (meter) => meter.dead),
    counter('weir_messages_discarded_total', 'Messages that were dropped as asked for.', (meter) => meter.discarded),
    counter('weir_messages_given_back_total', 'Deliveries that went back to their queue.', (meter) => meter.givenBack),
    gaugeOf('weir_messages_in_flight', 'Deliveries under way.', (meter) => meter.inFlight),
    gaugeOf('weir_oldest_run_age_seconds', 'Age of the oldest run with a message under way; 0 without one.', (meter) =>
      ageSeconds(meter, clock.now()),
    ),
    ownMetric({ name: 'weir_message_duration_seconds', help: 'From a delivery to its end.', type: 'histogram' }, () =>
      [...meters()].flatMap(durationValues),
    ),
  ]
}

/** Numbers that are ours, in the form that the registry writes: its own counters join their labels at every count. */
function ownMetric(
  about: { readonly name: string; readonly help: string; readonly type: string },
  values: () => readonly Value[],
): Metric {
  const own = { ...about, get: async () => ({ ...about, values: values(), aggregator: 'sum' }), reset: () => {} }
  return own as unknown as Metric // the registry reads no more than this of what is registered
}

function ageSeconds({ runStarts }: StepMeter, now: number): number {
  let oldest = now
  for (const startedAt of runStarts.keys()) oldest = Math.min(oldest, startedAt)
  return (now - oldest) / 1000
}

function durationValues({ labels, durations, durationSumMs }: StepMeter): Value[] {
  const name = 'weir_message_duration_seconds'
  let count = 0
  const buckets = durations.map((inBucket, at) => {
    count += inBucket
    const bound = durationBoundsMs[at]
    const le = bound === undefined ? '+Inf' : bound / 1000
    return { labels: { ...labels, le }, value: count, metricName: `${name}_bucket` }
  })
  return [
    ...buckets,
    { labels: { ...labels }, value: durationSumMs / 1000, metricName: `${name}_sum` },
    { labels: { ...labels }, value: count, metricName: `${name}_count` },
  ]
}
