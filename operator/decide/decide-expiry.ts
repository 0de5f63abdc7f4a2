import type { FlowState, KeptRevision } from '../../flow/plan/flow-state.ts'
import { keptAfterMs, leastKept, mostKept } from './change-waits.ts'
import { retireStages } from './retire-stages.ts'

/**
 * The state without the plans that nothing under way can name any more, whose queues go with them: another became active in their
 * place 30 days ago, and they are not among the newest ten; or there are too many of them. The same object when all are kept.
 */
export function decideExpiry(state: FlowState, now: number): FlowState {
  if (state.deletion !== undefined) return state
  const aged = state.stoodSince === undefined ? countExpired(state.kept, now) : 0
  const expired = state.kept.slice(0, Math.max(aged, countTooMany(state.kept)))
  if (expired.length === 0) return state
  const gone = new Set(expired.map(({ revision }) => revision))
  const wanted = new Set(state.pending?.stages.map(({ queue }) => queue))
  const orphans = state.living.filter(({ queue, revision }) => gone.has(revision) && !wanted.has(queue))
  const kept = state.kept.slice(expired.length)
  return retireStages({ ...state, kept }, orphans, now)
}

/** Milliseconds since 1970, when the next plan expires; undefined when none will. */
export function nextExpiryAt({ kept, stoodSince, deletion }: FlowState): number | undefined {
  if (stoodSince !== undefined || deletion !== undefined || kept.length <= leastKept) return undefined
  const until = kept[0]?.activeUntil
  return until === undefined ? undefined : until + keptAfterMs
}

/** Only from the lowest on: a plan outlives none that came before it, so the newest plan of a queue tells of all. */
function countExpired(kept: readonly KeptRevision[], now: number): number {
  const expendable = Math.max(0, kept.length - leastKept)
  const lasting = kept.findIndex(({ activeUntil }) => activeUntil === undefined || now - activeUntil < keptAfterMs)
  return Math.min(expendable, lasting === -1 ? kept.length : lasting)
}

/** Whether it is suspended or not. */
function countTooMany(kept: readonly KeptRevision[]): number {
  const old = kept.filter(({ activeUntil }) => activeUntil !== undefined)
  return Math.min(old.length, Math.max(0, kept.length - mostKept))
}
