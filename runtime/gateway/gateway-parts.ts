import type { Logger } from 'pino'
import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { CredentialSource, PlanSource } from '../plan-source.ts'
import type { Tracer } from '../runner/runner-parts.ts'
import type { Run, RunStore } from '../store/store.ts'
import type { Gate } from '../trigger/gate.ts'

/** All that a gateway stands on. */
export interface GatewayParts {
  readonly plans: PlanSource
  readonly credentials: CredentialSource
  readonly broker: Pick<Broker, 'publish' | 'consume' | 'declareQueues' | 'deleteQueue'>
  /** For the status URLs; without it they are 404. */
  readonly store?: { readonly runs: Pick<RunStore, 'get' | 'events'> }
  readonly clock: Clock
  readonly log: Logger
  /** Whether a queue has room for a request's message; without one it always has. */
  readonly gate?: Gate
  /** Told of each run that was started. Must not throw. */
  readonly onRun?: (run: Run) => void
  /** Where traces go; a caller's `traceparent` is gone on with in any case. */
  readonly tracer?: Tracer
  readonly limits?: Partial<GatewayLimits>
}

/** Above any of these a request is answered with 503 at once. */
export interface GatewayLimits {
  /** Requests being received or published. */
  readonly inFlight: number
  /** Callers that wait for `respond`. */
  readonly waiting: number
  /** Bodies in memory, together. */
  readonly bufferedBytes: number
}

export const defaultLimits: GatewayLimits = { inFlight: 1000, waiting: 2000, bufferedBytes: 256 * 1024 * 1024 }
