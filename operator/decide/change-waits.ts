/** How long a change waits for what; in milliseconds. */
export interface ChangeWaits {
  /** Between the declaration of a new queue and the first message to it: a quorum queue that is younger has lost messages when its broker was killed. */
  readonly declaredMs: number
  /** A retired queue is deleted no earlier: publishers with a stale view have noticed by then. */
  readonly retiredMs: number
  /** The queues of a deleted flow must stay empty for so long. */
  readonly emptyMs: number
  /** Between the unbinding of a queue and the look at it that decides about its deletion. */
  readonly unboundMs: number
}

export const defaultWaits: ChangeWaits = { declaredMs: 3000, retiredMs: 60_000, emptyMs: 10_000, unboundMs: 1000 }

/** What has not finished so long after a flow's deletion becomes dead letters. */
export const deletionDeadlineMs = 600_000
/** The same, when the namespace terminates. */
export const terminationDeadlineMs = 30_000

export const mostLivingQueues = 256
export const keptAfterMs = 30 * 86_400_000
export const leastKept = 10
/** Of a flow that is edited more often than that in 30 days the oldest plans go earlier: all of them have to be named in its status. */
export const mostKept = 256
