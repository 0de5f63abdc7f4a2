import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Labels, Meters } from './meters.ts'

export interface Metric {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

const reconciles = ['controller']
const queues = ['name', 'controller']

/** Names, labels and meanings of controller-runtime, so that its dashboards show this operator too. */
const metrics: Readonly<Record<string, Metric>> = {
  controller_runtime_reconcile_total: {
    kind: 'counter',
    help: 'Reconciles, by what came of them.',
    labels: ['controller', 'result'],
  },
  controller_runtime_reconcile_errors_total: { kind: 'counter', help: 'Reconciles that failed.', labels: reconciles },
  controller_runtime_reconcile_panics_total: {
    kind: 'counter',
    help: 'Reconciles that failed by a mistake in the code.',
    labels: reconciles,
  },
  controller_runtime_reconcile_timeouts_total: {
    kind: 'counter',
    help: 'Reconciles that were told that their time was over.',
    labels: reconciles,
  },
  controller_runtime_reconcile_time_seconds: {
    kind: 'histogram',
    help: 'How long reconciles took.',
    labels: reconciles,
  },
  controller_runtime_max_concurrent_reconciles: { kind: 'gauge', help: 'Workers.', labels: reconciles },
  controller_runtime_active_workers: { kind: 'gauge', help: 'Workers that reconcile now.', labels: reconciles },
  workqueue_adds_total: { kind: 'counter', help: 'Keys that were added.', labels: queues },
  workqueue_retries_total: { kind: 'counter', help: 'Keys that were added again after a failure.', labels: queues },
  workqueue_depth: { kind: 'gauge', help: 'Keys that wait.', labels: queues },
  workqueue_queue_duration_seconds: { kind: 'histogram', help: 'How long keys waited.', labels: queues },
  workqueue_work_duration_seconds: { kind: 'histogram', help: 'How long keys were worked on.', labels: queues },
  workqueue_unfinished_work_seconds: {
    kind: 'gauge',
    help: 'For how long what is under way has been worked on, all together.',
    labels: queues,
  },
  workqueue_longest_running_processor_seconds: {
    kind: 'gauge',
    help: 'For how long the oldest of what is under way has been worked on.',
    labels: queues,
  },
  leader_election_master_status: { kind: 'gauge', help: 'Whether this process leads.', labels: ['name'] },
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

/**
 * Writes for a registry of prom-client. Several controllers share it. What it gives throws a RangeError on a name that neither
 * controller-runtime has nor `own`.
 *
 * @param own of the operator itself, by their names
 */
export function prometheusMeters(registry: Registry, own: Readonly<Record<string, Metric>> = {}): Meters {
  const optionsOf = optionsIn(registry, { ...metrics, ...own })
  const counters = new Map<string, Counter>()
  const histograms = new Map<string, Histogram>()
  const reads = new Map<string, { readonly labels: Labels; readonly read: () => number }[]>()
  return {
    count: (name, labels) => kept(counters, name, () => new Counter(optionsOf(name, 'counter'))).inc(labels),
    observe: (name, labels, seconds) =>
      kept(histograms, name, () => new Histogram({ ...optionsOf(name, 'histogram'), buckets })).observe(
        labels,
        seconds,
      ),
    gauge: (name, labels, read) => {
      const all = kept(reads, name, () => openGauge(optionsOf(name, 'gauge')))
      all.push({ labels, read })
    },
  }
}

type Reads = { readonly labels: Labels; readonly read: () => number }[]

function openGauge(options: ReturnType<ReturnType<typeof optionsIn>>): Reads {
  const reads: Reads = []
  const collect = (): void => {
    for (const { labels, read } of reads) gauge.set(labels, read())
  }
  const gauge: Gauge = new Gauge({ ...options, collect })
  return reads
}

function optionsIn(registry: Registry, known: Readonly<Record<string, Metric>>) {
  return (name: string, kind: Metric['kind']) => {
    const metric = known[name]
    if (metric?.kind !== kind) throw new RangeError(`there is no ${kind} "${name}"`)
    return { name, help: metric.help, labelNames: [...metric.labels], registers: [registry] }
  }
}

function kept<T>(map: Map<string, T>, name: string, make: () => T): T {
  const found = map.get(name) ?? make()
  map.set(name, found)
  return found
}
