import type { FlowState, LivingStage } from '../../flow/plan/flow-state.ts'
import type { Plan, PlanStage } from '../../flow/plan/plan.ts'
import type { LivingWork } from '../plan-source.ts'

/** What a process needs to know of one flow: its active plan, and the queues that are to be consumed. */
export interface FlowView {
  readonly active: Plan | undefined
  readonly work: readonly LivingWork[]
  /** A plan that the state names was not found: it may be on its way, so this is to be read again. */
  readonly isComplete: boolean
}

/** The revisions of which a state speaks, beside those that only messages name. */
export function revisionsOf({ active, living }: FlowState): readonly number[] {
  return [...new Set([...(active === undefined ? [] : [active]), ...living.map(({ revision }) => revision)])]
}

/**
 * A flow as its state and its plans have it. Nothing of a flow that is being deleted is active; of a frozen one nothing is consumed.
 * What has not changed since the last view is the same object.
 */
export function flowView(state: FlowState, plans: ReadonlyMap<number, Plan>, last?: FlowView): FlowView {
  const isFrozen = state.frozen
  const work = isFrozen ? [] : state.living.flatMap((living) => workOf(living, plans))
  const isComplete = revisionsOf(state).every((revision) => plans.has(revision))
  return { active: activeOf(state, plans, last), work, isComplete }
}

function activeOf(state: FlowState, plans: ReadonlyMap<number, Plan>, last?: FlowView): Plan | undefined {
  if (state.active === undefined || state.deletion !== undefined) return undefined
  const plan = plans.get(state.active)
  const known = last?.active
  if (plan === undefined || hasMarks(plan, state)) return plan
  if (known?.revision === plan.revision && hasMarks(known, state)) return known
  return { ...plan, flow: { ...plan.flow, suspend: state.suspended, freeze: state.frozen } }
}

/** Whether it is suspended is not part of a plan, so its own word on it may be an old one. */
function hasMarks({ flow }: Plan, { suspended, frozen }: FlowState): boolean {
  return flow.suspend === suspended && flow.freeze === frozen
}

function workOf({ queue, revision }: LivingStage, plans: ReadonlyMap<number, Plan>): LivingWork[] {
  const plan = plans.get(revision)
  const stage: PlanStage | undefined = plan?.stages.find((one) => one.queue === queue)
  return plan === undefined || stage === undefined ? [] : [{ stage, plan }]
}
