import type { FlowState } from '../../../flow/plan/flow-state.ts'
import { deletionDeadlineMs, terminationDeadlineMs } from '../../decide/change-waits.ts'

/** What is known of a flow when it is decided what to do about it. */
export interface FlowFacts {
  /** Undefined while nothing was ever written. */
  readonly state: FlowState | undefined
  readonly isDeleting: boolean
  readonly hasFinalizer: boolean
  readonly isNamespaceEnding: boolean
  readonly suspend: boolean
  readonly freeze: boolean
  /** `spec.revision`. */
  readonly pinned: number | undefined
  /** Of the plan that the flow has as it is written; undefined when it has none. */
  readonly hash: string | undefined
  /** Whether the plan of the pending revision is there. */
  readonly isPendingWritten: boolean
  /** Nothing was written of a state, but a plan was: its queues may be there. */
  readonly isPlanLeft: boolean
}

/** What the flow needs. */
export type FlowDeed =
  /** Nothing that must be cleaned up may be made before the finalizer is there. */
  | { readonly kind: 'addFinalizer' }
  | { readonly kind: 'apply' }
  /** A copy of the older revision is to run. */
  | { readonly kind: 'pin'; readonly revision: number }
  /** Its plan stays; whether it stands is to change. */
  | { readonly kind: 'stand' }
  | { readonly kind: 'remove'; readonly deadlineMs: number }
  /** It goes, and there is nothing to be cleaned up. */
  | { readonly kind: 'letGo' }
  | { readonly kind: 'nothing' }

const nothing: FlowDeed = { kind: 'nothing' }

export function decideFlow(facts: FlowFacts): FlowDeed {
  if (facts.isDeleting) return decideDeletion(facts)
  const deed = decideLiving(facts)
  return deed.kind === 'nothing' || facts.hasFinalizer ? deed : { kind: 'addFinalizer' }
}

function decideLiving(facts: FlowFacts): FlowDeed {
  const { state, pinned } = facts
  // Also of what is refused: that somebody wants it to stand can be done all the same.
  const standing: FlowDeed = state !== undefined && isOtherwise(state, facts) ? { kind: 'stand' } : nothing
  if (isTakenIn(facts)) return standing
  if (pinned !== undefined) return { kind: 'pin', revision: pinned }
  return facts.hash === undefined ? standing : { kind: 'apply' }
}

/** Whether the flow's state is what the spec asks for, or on its way there. Of a spec that has no plan it never is. */
export function isTakenIn(facts: Pick<FlowFacts, 'state' | 'pinned' | 'hash' | 'isPendingWritten'>): boolean {
  const { state, pinned, hash } = facts
  if (pinned !== undefined) return state?.pinned === pinned
  return hash !== undefined && !wantsPlan({ ...facts, hash })
}

function isOtherwise({ suspended, frozen }: FlowState, { suspend, freeze }: FlowFacts): boolean {
  return suspended !== suspend || frozen !== freeze
}

function wantsPlan({ state, hash, isPendingWritten }: Pick<FlowFacts, 'state' | 'hash' | 'isPendingWritten'>): boolean {
  if (state === undefined || state.pinned !== undefined || state.deletion !== undefined) return true
  if (state.pending !== undefined) return state.pending.hash !== hash || !isPendingWritten
  return state.kept.find(({ revision }) => revision === state.active)?.hash !== hash
}

function decideDeletion({ state, hasFinalizer, isNamespaceEnding, isPlanLeft }: FlowFacts): FlowDeed {
  if (!hasFinalizer) return nothing
  const deadlineMs = isNamespaceEnding ? terminationDeadlineMs : deletionDeadlineMs
  if (state === undefined) return isPlanLeft ? { kind: 'remove', deadlineMs } : { kind: 'letGo' }
  // A deadline that has become shorter counts from the moment that it did.
  const isTold = state.deletion !== undefined && (!isNamespaceEnding || isShortened(state.deletion))
  return isTold ? nothing : { kind: 'remove', deadlineMs }
}

/** Whoever is told a shorter one makes it anything but the usual. */
function isShortened({ deadlineMs }: { readonly deadlineMs: number }): boolean {
  return deadlineMs !== deletionDeadlineMs
}
