import type { Logger } from 'pino'
import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'
import { openCheckIn } from './check-in.ts'
import { openRestoringLine } from './restoring-line.ts'

export interface ClaimCheckOptions {
  readonly clock: Clock
  readonly log: Logger
  /** Of a payload: a larger one lies in the blob store. */
  readonly thresholdBytes?: number
  /** How long a body is kept after the last publish or park that names it. */
  readonly keepMs?: number
  /** Large messages that a subscription has at a time: bodies in memory. */
  readonly heldPerSubscription?: number
}

type ClaimCheckStore = Pick<Store, 'blobs' | 'trackedRuns'>

const defaults = { thresholdBytes: 1024 * 1024, keepMs: 30 * 86_400_000, heldPerSubscription: 16 }

/**
 * The broker, with large bodies beside its queues: published, they go into the blob store under the hash of their content,
 * and the message names it in `headers.blob`; delivered, they are back in their place. Nobody above sees the difference,
 * nobody below a large body.
 *
 * A message whose body is gone becomes a dead letter, `BodyMissing`. While the blob store does not answer, a large delivery waits
 * unacknowledged, and a large publish is refused: its outcome is unknown.
 */
export function withClaimCheck(broker: Broker, store: ClaimCheckStore, options: ClaimCheckOptions): Broker {
  const parts = { ...defaults, ...options, broker, blobs: store.blobs, trackedRuns: store.trackedRuns }
  const ending = new AbortController()
  const publish = openCheckIn(parts)
  /** Of what was declared here. */
  const ordered = new Map<string, boolean>()
  return {
    publish,
    depth: (queue) => broker.depth(queue),
    unbindQueue: (queue) => broker.unbindQueue(queue),
    health: () => broker.health(),
    declareQueues: async (queues) => {
      await broker.declareQueues(queues)
      for (const { name, singleActiveConsumer = false } of queues) ordered.set(name, singleActiveConsumer)
    },
    consume: async (queue, consuming, onDelivery) => {
      const isOrdered = consuming.singleActiveConsumer ?? ordered.get(queue) ?? false
      const line = openRestoringLine(parts, { queue, isOrdered, onDelivery, ending: ending.signal })
      const { onEnd } = consuming
      const end = (reason: Error): void => {
        line.end()
        onEnd?.(reason)
      }
      const subscription = await broker.consume(queue, { ...consuming, onEnd: end }, line.take)
      return {
        setPrefetch: (prefetch) => subscription.setPrefetch(prefetch),
        close: () => {
          line.end()
          return subscription.close()
        },
      }
    },
    deleteQueue: (queue) => {
      ordered.delete(queue)
      return broker.deleteQueue(queue)
    },
    close: () => {
      ending.abort()
      return broker.close()
    },
  }
}
