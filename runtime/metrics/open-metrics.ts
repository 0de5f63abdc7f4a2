import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { LivingWork } from '../plan-source.ts'
import type { Store } from '../store/store.ts'
import type { StepMeters } from './step-meters.ts'

/** What Prometheus reads of a process. */
export interface Metrics {
  readonly contentType: string
  /** In the text format; asks the broker for the depth of queues, at most once in a few seconds. */
  readonly text: () => Promise<string>
}

export interface MetricsParts {
  readonly broker: Pick<Broker, 'depth' | 'health'>
  readonly store: Pick<Store, 'health'>
  readonly clock: Clock
  /** Observations that are missing, as far as this process knows. */
  readonly dropped: () => number
  /** Of a process that works on messages: what it has done, and the queues that it consumes. */
  readonly work?: { readonly meters: StepMeters; readonly living: () => readonly LivingWork[] }
  /** Of a process that records. */
  readonly recorder?: RecorderMeters
  /** Of a process that answers webhooks. */
  readonly gateway?: GatewayMeters
}

/** What a gateway has done and does now, in plain numbers. */
export interface GatewayMeters {
  readonly answers: () => Iterable<{ readonly namespace: string; readonly status: number; readonly count: number }>
  /** Requests being received or published. */
  readonly inFlight: () => number
  /** Callers that wait for a response. */
  readonly waiters: () => number
}

/** What a recorder has done, in plain numbers. */
export interface RecorderMeters {
  /** Batches of observations that were written. */
  readonly batches: () => number
  readonly observations: () => number
  /** Of the batch that was written last: from its closing to its writing, by two processes' clocks. */
  readonly lagSeconds: () => number
  /** Dead letters that were stored; one that is delivered again counts again. */
  readonly letters: () => number
}

/** What writes them is loaded when somebody asks for the first time: a process that starts has better things to do. */
export function openMetrics(parts: MetricsParts): Metrics {
  let registry: Promise<{ readonly metrics: () => Promise<string> }> | undefined
  const open = async () => (await import('./open-registry.ts')).openRegistry(parts)
  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    text: async () => (await (registry ??= open())).metrics(),
  }
}
