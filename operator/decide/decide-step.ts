import type { FlowState, LivingStage, PendingRevision, StageQueue } from '../../flow/plan/flow-state.ts'
import type { ChangeWaits } from './change-waits.ts'
import { newStages, pendingBlockOf, withoutPending } from './decide-edit.ts'
import { decideExpiry, nextExpiryAt } from './decide-expiry.ts'
import { pastInstants } from './past-instants.ts'
import { retireStages } from './retire-stages.ts'

/** What is known beside the state. */
export interface ChangeFacts {
  readonly now: number
  readonly waits: ChangeWaits
  /** The queues of the flow, which is being deleted, have stayed empty for long enough. */
  readonly isDrained: boolean
  /** Who consumes the pending revision's new queues is there. */
  readonly arePoolsReady: boolean
}

/** What a flow's change needs next. Each is safe to repeat: whoever enacts it may die at any moment, and another begins anew from the state. */
export type ChangeStep =
  | { readonly kind: 'write'; readonly state: FlowState }
  /** Declare and bind the pending revision's new queues, then write that they live. */
  | { readonly kind: 'declare'; readonly queues: readonly StageQueue[] }
  /** Write it, if the plan of the revision is in the store. */
  | { readonly kind: 'activate'; readonly revision: number; readonly state: FlowState }
  /** Nothing of the flow is left. */
  | { readonly kind: 'forget' }
  /** `until` is an instant in milliseconds since 1970; without one it waits for an edit or a fact. */
  | { readonly kind: 'wait'; readonly until?: number; readonly for?: 'pools' | 'drained' }

export function decideStep(state: FlowState, facts: ChangeFacts): ChangeStep {
  const { now } = facts
  const past = pastInstants(state, now)
  if (past !== state) return { kind: 'write', state: past }
  if (state.deletion !== undefined) return decideDeletion(state, state.deletion, facts)
  const expired = decideExpiry(state, now)
  if (expired !== state) return { kind: 'write', state: expired }
  return state.pending === undefined ? waitFor(nextExpiryAt(state)) : decidePending(state, state.pending, facts)
}

/** The state after the pending revision's new queues were declared. */
export function withDeclared(state: FlowState, now: number): FlowState {
  const { pending } = state
  if (pending === undefined) return state
  const added = newStages(state, pending.stages).map((stage): LivingStage => ({ ...stage, revision: pending.revision }))
  return { ...state, living: [...state.living, ...added], pending: { ...pending, declaredAt: now } }
}

/** The state of a flow whose deletion was asked for: what is pending will never be. The earlier deadline counts. */
export function withDeletion(state: FlowState, deadlineMs: number, now: number): FlowState {
  const { deletion } = state
  if (deletion !== undefined) {
    const earlier = Math.min(deletion.deadlineMs, now - deletion.askedAt + deadlineMs)
    return earlier === deletion.deadlineMs ? state : { ...state, deletion: { ...deletion, deadlineMs: earlier } }
  }
  return { ...withoutPending(state, [], now), deletion: { askedAt: now, deadlineMs } }
}

function decidePending(state: FlowState, pending: PendingRevision, facts: ChangeFacts): ChangeStep {
  if (pending.blocked !== undefined) return decideBlocked(state, pending)
  const queues = newStages(state, pending.stages)
  if (queues.length > 0) return { kind: 'declare', queues }
  const safeAt = pending.declaredAt === undefined ? facts.now : pending.declaredAt + facts.waits.declaredMs
  if (facts.now < safeAt) return { kind: 'wait', until: safeAt }
  if (!facts.arePoolsReady) return { kind: 'wait', for: 'pools' }
  return { kind: 'activate', revision: pending.revision, state: activated(state, pending, facts.now) }
}

function decideBlocked(state: FlowState, pending: PendingRevision): ChangeStep {
  const blocked = pendingBlockOf(state, pending.stages)
  if (blocked === pending.blocked) return waitFor(nextExpiryAt(state))
  const { blocked: _blocked, ...rest } = pending
  return { kind: 'write', state: { ...state, pending: blocked === undefined ? rest : { ...rest, blocked } } }
}

function activated(state: FlowState, { revision, stages }: PendingRevision, now: number): FlowState {
  const { pending: _pending, ...rest } = state
  const own = new Set(stages.map(({ queue }) => queue))
  return {
    ...rest,
    active: revision,
    kept: state.kept.map((kept) => (kept.revision === state.active ? { ...kept, activeUntil: now } : kept)),
    living: state.living.map((stage) => (own.has(stage.queue) ? { ...stage, revision } : stage)),
  }
}

function decideDeletion(
  state: FlowState,
  { askedAt, deadlineMs }: { readonly askedAt: number; readonly deadlineMs: number },
  { now, isDrained }: ChangeFacts,
): ChangeStep {
  if (state.living.length > 0 || state.active !== undefined || state.kept.length > 0) {
    const isOver = now >= askedAt + deadlineMs
    if (!isOver && !isDrained && state.living.length > 0) {
      return { kind: 'wait', for: 'drained', until: askedAt + deadlineMs }
    }
    return { kind: 'write', state: finished(state, now) }
  }
  return state.retiring.length > 0 ? { kind: 'wait' } : { kind: 'forget' }
}

/** Nothing of the flow is consumed any more, and none of its plans is to be known. */
function finished(state: FlowState, now: number): FlowState {
  const { active: _active, ...rest } = retireStages(state, state.living, now)
  return { ...rest, kept: [] }
}

function waitFor(until: number | undefined): ChangeStep {
  return until === undefined ? { kind: 'wait' } : { kind: 'wait', until }
}
