import { Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import { deadQueue, eventsQueue, unroutedQueue } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { BudgetMeter } from './budget-meters.ts'
import type { GatewayMeters, MetricsParts, RecorderMeters } from './open-metrics.ts'
import type { StepMeter } from './step-meters.ts'
import { durationBoundsMs } from './step-meters.ts'

const depthsAfterMs = 5000
/** Passive declares at a time. */
const depthsAtOnce = 20

/** All metrics of a process, in the registry that writes them. */
export function openRegistry(parts: MetricsParts): Pick<Registry, 'metrics'> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  gauge(registry, 'weir_broker_ready', 'Whether the broker takes and gives messages.', () =>
    parts.broker.health().kind === 'ready' ? 1 : 0,
  )
  gauge(registry, 'weir_store_ready', 'Whether the store answers.', () =>
    parts.store.health().kind === 'ready' ? 1 : 0,
  )
  registry.registerMetric(
    counter(
      'weir_observations_dropped_total',
      'Observations that are missing, as far as this process knows.',
      parts.dropped,
    ),
  )
  if (parts.work !== undefined) addWorkMetrics(registry, parts, parts.work)
  if (parts.recorder !== undefined) addRecorderMetrics(registry, parts, parts.recorder)
  if (parts.gateway !== undefined) addGatewayMetrics(registry, parts.gateway)
  return registry
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  const own: Gauge = new Gauge({ name, help, registers: [registry], collect: () => own.set(read()) })
}

function counter(name: string, help: string, read: () => number): Metric {
  return ownMetric({ name, help, type: 'counter' }, () => [{ labels: {}, value: read() }])
}

function addWorkMetrics(
  registry: Registry,
  parts: MetricsParts,
  { meters, living }: Required<MetricsParts>['work'],
): void {
  for (const metric of stepMetrics(meters.all, parts.clock)) registry.registerMetric(metric)
  for (const metric of budgetMetrics(meters.budgets.all)) registry.registerMetric(metric)
  const depths = depthReader(parts, () => living().map(({ stage }) => stage.queue))
  const labelNames = ['namespace', 'flow', 'step']
  const name = 'weir_queue_messages_ready'
  const help = 'Messages that wait in the queues that this process consumes.'
  const collect = async (): Promise<void> => {
    const ready = await depths()
    own.reset()
    for (const { stage, plan } of living()) {
      const depth = ready.get(stage.queue)
      const { namespace, name: flow } = plan.flow
      if (depth !== undefined) own.inc({ ...meters.labels({ namespace, flow, step: stage.name }) }, depth)
    }
  }
  const own: Gauge = new Gauge({ name, help, labelNames, registers: [registry], collect })
}

function addRecorderMetrics(registry: Registry, parts: MetricsParts, meters: RecorderMeters): void {
  for (const metric of [
    counter('weir_recorder_batches_total', 'Batches of observations that were written.', meters.batches),
    counter('weir_recorder_observations_total', 'Observations that were written.', meters.observations),
    counter('weir_recorder_dead_letters_total', 'Dead letters that were stored.', meters.letters),
  ])
    registry.registerMetric(metric)
  const help = 'From the end of a batch of observations to its writing, of the last one.'
  gauge(registry, 'weir_recorder_lag_seconds', help, meters.lagSeconds)
  const depths = depthReader(parts, () => recorderQueues)
  const collect = async (): Promise<void> => {
    const ready = await depths()
    own.reset()
    for (const queue of recorderQueues) {
      const depth = ready.get(queue)
      if (depth !== undefined) own.set({ queue }, depth)
    }
  }
  const own: Gauge = new Gauge({
    name: 'weir_recorder_queue_messages_ready',
    help: 'Messages that wait in the queues of the recorder.',
    labelNames: ['queue'],
    registers: [registry],
    collect,
  })
}

function addGatewayMetrics(registry: Registry, { answers, inFlight, waiters }: GatewayMeters): void {
  const name = 'weir_gateway_answers_total'
  const help = 'Answers to callers; the namespace is empty where nobody has it.'
  const values = (): Value[] =>
    [...answers()].map(({ namespace, status, count }) => ({ labels: { namespace, status }, value: count }))
  registry.registerMetric(ownMetric({ name, help, type: 'counter' }, values))
  gauge(registry, 'weir_gateway_requests_in_flight', 'Requests being received or published.', inFlight)
  gauge(registry, 'weir_gateway_callers_waiting', 'Callers that wait for a response.', waiters)
}

const recorderQueues = [deadQueue, eventsQueue, unroutedQueue]

/** Depths by queue, no older than a few seconds; what the broker does not say is left out. */
function depthReader(
  { broker, clock }: Pick<MetricsParts, 'broker' | 'clock'>,
  queues: () => readonly string[],
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
    // Without a connection each of them would wait for its patience, and the scrape for all of these.
    if (broker.health().kind === 'connecting') return depths
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
  const counterOf = (name: string, help: string, read: (meter: StepMeter) => number): Metric =>
    ownMetric({ name, help, type: 'counter' }, () =>
      [...meters()].map((meter) => ({ labels: { ...meter.labels }, value: read(meter) })),
    )
  const gaugeOf = (name: string, help: string, read: (meter: StepMeter) => number): Metric =>
    ownMetric({ name, help, type: 'gauge' }, () =>
      [...meters()].map((meter) => ({ labels: { ...meter.labels }, value: read(meter) })),
    )
  return [
    counterOf('weir_messages_received_total', 'Deliveries that were begun.', (meter) => meter.received),
    counterOf('weir_messages_emitted_total', 'Messages that deliveries gave.', (meter) => meter.emitted),
    counterOf('weir_messages_retried_total', 'Attempts that failed and will be made again.', (meter) => meter.retried),
    counterOf('weir_messages_dead_total', 'Messages that became dead letters.', (meter) => meter.dead),
    counterOf('weir_messages_discarded_total', 'Messages that were dropped as asked for.', (meter) => meter.discarded),
    counterOf(
      'weir_messages_given_back_total',
      'Deliveries that went back to their queue.',
      (meter) => meter.givenBack,
    ),
    gaugeOf('weir_messages_in_flight', 'Deliveries under way.', (meter) => meter.inFlight),
    gaugeOf('weir_oldest_run_age_seconds', 'Age of the oldest run with a message under way; 0 without one.', (meter) =>
      ageSeconds(meter, clock.now()),
    ),
    ownMetric({ name: 'weir_message_duration_seconds', help: 'From a delivery to its end.', type: 'histogram' }, () =>
      [...meters()].flatMap(durationValues),
    ),
  ]
}

function budgetMetrics(all: () => Iterable<BudgetMeter>): Metric[] {
  const waitsOf = ({ namespace, app, waits }: BudgetMeter): Value[] =>
    Object.entries(waits).map(([end, value]) => ({ labels: { namespace, app, end }, value }))
  const waits = {
    name: 'weir_rate_budget_waits_total',
    help: 'Attempts that had to wait for the rate budget of an App, by what became of them: held, parked or givenBack.',
    type: 'counter',
  }
  const unknown = {
    name: 'weir_rate_budget_unknown_total',
    help: 'Times that the store gave no answer about a rate budget, so that its attempts wait.',
    type: 'counter',
  }
  return [
    ownMetric(waits, () => [...all()].flatMap(waitsOf)),
    ownMetric(unknown, () =>
      [...all()].map(({ namespace, app, unknown: value }) => ({ labels: { namespace, app }, value })),
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
