import type { FlowState, RetiringQueue } from '../../flow/plan/flow-state.ts'
import type { ChangeWaits } from './change-waits.ts'

/** What can be seen of a retiring queue, and what this process does about it. */
export interface RetirementFacts {
  readonly now: number
  readonly waits: ChangeWaits
  /** What a passive declare says; undefined when there is no such queue. */
  readonly depth: QueueCounts | undefined
  /** When this process last unbound it. */
  readonly unboundAt?: number
  /** When this process saw it empty, if it has at every look since. */
  readonly emptyAt?: number
  /** This process consumes it, and has so many messages unsettled. */
  readonly own?: { readonly unsettled: number }
}

interface QueueCounts {
  readonly ready: number
  readonly consumers: number
}

export type RetirementStep =
  | { readonly kind: 'unbind' }
  /** Turns what it holds into dead letters, one at a time. */
  | { readonly kind: 'consume' }
  /** It was empty at `emptyAt`, and at every look since. */
  | { readonly kind: 'lookAgain'; readonly emptyAt: number; readonly until: number }
  | { readonly kind: 'delete' }
  /** It is gone: nobody needs to know of it any more. */
  | { readonly kind: 'forget' }
  | { readonly kind: 'wait'; readonly until?: number }

/** An unbinding counts for so long: whoever reconnects with a stale view may have bound the queue again. */
const unboundForMs = 10_000
/** One look may be wrong: what a publisher has on its way is in the queue at the next. */
const lookAgainMs = 1000

/**
 * The one way out of a queue that has left the living list: unbound, left by its runners, emptied, and deleted only when a minute
 * has passed and the broker counts, twice in a row, no message and one consumer, our own. 0 and 0 is also the answer of a leader
 * that is slow.
 */
export function decideRetirement(queue: RetiringQueue, facts: RetirementFacts): RetirementStep {
  const { now, waits, depth, own, unboundAt } = facts
  const dueAt = queue.since + waits.retiredMs
  // A driver with a stale view may still be about to declare it, so its name is remembered for the minute, too.
  if (depth === undefined) return now < dueAt ? { kind: 'wait', until: dueAt } : { kind: 'forget' }
  if (unboundAt === undefined || !isUnbound(unboundAt, facts)) return { kind: 'unbind' }
  if (own === undefined) return depth.consumers === 0 ? { kind: 'consume' } : { kind: 'wait' }
  const lookAt = Math.max(dueAt, unboundAt + waits.unboundMs)
  if (now < lookAt) return { kind: 'wait', until: lookAt }
  return isEmpty(depth, own) ? decideEmpty(facts) : { kind: 'wait' }
}

function decideEmpty({ now, emptyAt = now }: RetirementFacts): RetirementStep {
  // In the future it was by a clock that was set back since.
  const since = Math.min(emptyAt, now)
  if (now - since >= lookAgainMs) return { kind: 'delete' }
  return { kind: 'lookAgain', emptyAt: since, until: since + lookAgainMs }
}

function isEmpty({ ready, consumers }: QueueCounts, { unsettled }: { readonly unsettled: number }): boolean {
  return ready === 0 && unsettled === 0 && consumers === 1
}

function isUnbound(unboundAt: number, { now, waits }: RetirementFacts): boolean {
  return unboundAt <= now && now - unboundAt < unboundForMs + waits.unboundMs
}

/** The state in which this process retires the queues of a flow; undefined while another does. The same object when nothing is to be written. */
export function decideRetirer(state: FlowState, { by, now, leaseMs }: Lease): FlowState | undefined {
  const { retirer } = state
  const remainingMs = retirer === undefined ? 0 : retirer.until - now
  // More than a lease ahead: the clock was set back since.
  const isHeld = remainingMs > 0 && remainingMs <= leaseMs
  if (isHeld && retirer?.by !== by) return undefined
  return isHeld && remainingMs > leaseMs / 2 ? state : { ...state, retirer: { by, until: now + leaseMs } }
}

export interface Lease {
  readonly by: string
  readonly now: number
  readonly leaseMs: number
}

/** The state without what has left for good, and without a retirer when there is nothing left to retire. The same object when it was gone before. */
export function withoutRetired(state: FlowState, queue: string): FlowState {
  const retiring = state.retiring.filter((one) => one.queue !== queue)
  if (retiring.length === state.retiring.length) return state
  if (retiring.length > 0) return { ...state, retiring }
  const { retirer: _retirer, ...rest } = state
  return { ...rest, retiring }
}
