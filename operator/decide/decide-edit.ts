import type { FlowState, LivingStage, PendingBlock, StageQueue } from '../../flow/plan/flow-state.ts'
import type { Plan, PlanFlow } from '../../flow/plan/plan.ts'
import { mostLivingQueues } from './change-waits.ts'
import { decideStanding } from './decide-standing.ts'
import { numberPlan, stageQueuesOf } from './number-plan.ts'
import { retireStages } from './retire-stages.ts'

/** What a flow is to be from now on. */
export interface Wanted {
  /** Its number and the numbers in its queues do not count. */
  readonly plan: Plan
  /** The older revision that it is a copy of, when one is pinned. */
  readonly pinned?: number
}

export interface Edit {
  /** The same object when nothing changes. */
  readonly state: FlowState
  /** The pending plan, to be written before anything else happens to it; absent when what is wanted is active. */
  readonly plan?: Plan
}

export interface EditFacts {
  readonly now: number
  /** The highest number of any plan that is known, where there is no state. */
  readonly lastKnown?: number
}

/**
 * What an edit comes to. The same hash as what is active, or pending, is no revision; anything else gets the next number, and
 * whatever was pending will never be active. A flow that was being deleted lives again.
 */
export function decideEdit(
  before: FlowState | undefined,
  { plan, pinned }: Wanted,
  { now, lastKnown = 0 }: EditFacts,
): Edit {
  const standing = { suspended: plan.flow.suspend, frozen: plan.flow.freeze }
  const state = withPin(
    decideStanding(withoutDeletion(before ?? emptyState(plan.flow, lastKnown)), standing, now),
    pinned,
  )
  const { pending } = state
  if (pending?.hash === plan.hash) return { state, plan: numberPlan(plan, pending.revision, pending.stages) }
  if (hashOfActive(state) === plan.hash) return { state: withoutPending(state, [], now) }
  return numbered(state, plan, now)
}

/** The state of a flow of which there is a plan and nothing else: pending, and its queues may be there, whether it is suspended or not. */
export function stateOfPlan(plan: Plan, now: number): FlowState {
  const { flow, revision, hash } = plan
  return {
    ...decideStanding(emptyState(flow, revision), { suspended: flow.suspend, frozen: flow.freeze }, now),
    kept: [{ revision, hash }],
    pending: { revision, hash, stages: stageQueuesOf(plan) },
  }
}

/** What a rollback is: an edit to a copy of the older plan, under whatever holds of the flow now. Undefined when the plan, or the flow, is gone. */
export function decideRollback(state: FlowState | undefined, plan: Plan | undefined): Wanted | undefined {
  if (state === undefined || state.deletion !== undefined || plan === undefined) return undefined
  const flow = { ...plan.flow, suspend: state.suspended, freeze: state.frozen }
  return { plan: { ...plan, flow }, pinned: plan.revision }
}

/** Why a pending revision may not have its new queues yet. */
export function pendingBlockOf(
  state: FlowState,
  stages: readonly Pick<StageQueue, 'queue'>[],
): PendingBlock | undefined {
  if (state.active === undefined && (state.suspended || state.frozen)) return 'Suspended'
  return state.living.length + newStages(state, stages).length > mostLivingQueues ? 'TooManyQueues' : undefined
}

export function newStages<Stage extends Pick<StageQueue, 'queue'>>(
  { living }: Pick<FlowState, 'living'>,
  stages: readonly Stage[],
): Stage[] {
  const known = new Set(living.map(({ queue }) => queue))
  return stages.filter(({ queue }) => !known.has(queue))
}

/**
 * The state without its pending revision. That was never active, so no message names it: what it alone has introduced, if only
 * perhaps, is retired, but for the queues that the next edit has taken over.
 */
export function withoutPending(
  state: FlowState,
  takenOver: readonly Pick<StageQueue, 'queue'>[],
  now: number,
): FlowState {
  const { pending, ...rest } = state
  if (pending === undefined) return state
  const taken = new Set(takenOver.map(({ queue }) => queue))
  const isItsOwn = ({ queue }: StageQueue): boolean => {
    const living = state.living.find((stage) => stage.queue === queue)
    // What is not on the list may have been declared before a driver died; that of a blocked one never was.
    return living === undefined ? pending.blocked === undefined : living.revision === pending.revision
  }
  const own = pending.stages.filter((stage) => !taken.has(stage.queue) && isItsOwn(stage))
  const kept = state.kept.filter(({ revision }) => revision !== pending.revision)
  return retireStages({ ...rest, kept }, own, now)
}

function numbered(state: FlowState, wanted: Plan, now: number): Edit {
  const revision = state.lastRevision + 1
  const plan = numberPlan(wanted, revision, state.living)
  const stages = stageQueuesOf(plan)
  const cleared = handedOver(withoutPending(state, stages, now), state.pending?.revision, revision)
  const blocked = pendingBlockOf(cleared, stages)
  const declaredAt = isPartlyYoung(state, stages) ? state.pending?.declaredAt : undefined
  const next = {
    ...cleared,
    lastRevision: revision,
    kept: [...cleared.kept, { revision, hash: plan.hash }],
    pending: {
      revision,
      hash: plan.hash,
      stages,
      ...(blocked !== undefined && { blocked }),
      // Without a new queue of its own it has nothing to wait for but the youngest that it has taken over.
      ...(declaredAt !== undefined && newStages(cleared, stages).length === 0 && { declaredAt }),
    },
  }
  return { state: next, plan }
}

/** Queues that an edit has taken over from one that will never be active are of its number now: the other plan is not kept. */
function handedOver(state: FlowState, from: number | undefined, to: number): FlowState {
  if (from === undefined) return state
  const hand = (stage: LivingStage): LivingStage => (stage.revision === from ? { ...stage, revision: to } : stage)
  return { ...state, living: state.living.map(hand) }
}

function isPartlyYoung({ pending, living }: FlowState, stages: readonly StageQueue[]): boolean {
  const young = new Set(living.filter(({ revision }) => revision === pending?.revision).map(({ queue }) => queue))
  return stages.some(({ queue }) => young.has(queue))
}

function hashOfActive({ active, kept }: FlowState): string | undefined {
  return active === undefined ? undefined : kept.find(({ revision }) => revision === active)?.hash
}

function withoutDeletion(state: FlowState): FlowState {
  if (state.deletion === undefined) return state
  const { deletion: _deletion, ...rest } = state
  return rest
}

function withPin(state: FlowState, pinned: number | undefined): FlowState {
  if (state.pinned === pinned) return state
  const { pinned: _pinned, ...rest } = state
  return pinned === undefined ? rest : { ...rest, pinned }
}

function emptyState({ uid, namespace, name }: PlanFlow, lastRevision: number): FlowState {
  return {
    flow: uid,
    namespace,
    name,
    lastRevision,
    kept: [],
    living: [],
    retiring: [],
    suspended: false,
    frozen: false,
  }
}
