import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { PermanentError } from '../../runtime/error.ts'
import { flowNotFoundCode } from '../../runtime/store/flow-not-found.ts'
import { revisionTakenCode } from '../../runtime/store/revision-taken.ts'
import type { PlanStore } from '../../runtime/store/store.ts'
import { decideEdit, stateOfPlan, type Wanted } from '../decide/decide-edit.ts'
import { withDeclared } from '../decide/decide-step.ts'
import type { ChangeCore } from './change-parts.ts'
import type { DeclaredQueues } from './declared-queues.ts'
import type { KeptPlans } from './kept-plans.ts'
import { writeState } from './write-state.ts'

export interface FirstRevisionParts {
  readonly core: ChangeCore
  readonly plans: KeptPlans
  readonly declared: DeclaredQueues
}

/**
 * Gives a flow without a state its first one: the plan is written, its queues are declared, and one write tells of both. Nobody else can take the number
 * meanwhile, since the plan is named by it; and of whoever dies on the way the plan is found, which names the queues.
 *
 * @returns whether what is wanted is written down; false when there is a state by now that has to be edited
 */
export async function beginFlow({ core, plans, declared }: FirstRevisionParts, wanted: Wanted): Promise<boolean> {
  const { uid } = wanted.plan.flow
  const { flows, plans: written } = core.store
  if ((await flows.get(uid)) !== undefined) return false
  const lastKnown = Math.max(0, ...(await written.revisions(uid)))
  if (await adopt(core, await listedPlan(written, uid, lastKnown))) return false
  const { state, plan } = decideEdit(undefined, wanted, { now: core.clock.now(), lastKnown })
  if (plan === undefined) return false
  // Of a flow that may have no queues yet nobody looks for any later: so none may be there of one whose plan is not listed yet, either.
  if (state.pending?.blocked !== undefined && (await adopt(core, await written.get(uid, plan.revision)))) return false
  if (!(await take(core, plans, plan))) return false
  if (await writeFirst({ core, declared }, await declare({ core, declared }, state))) return true
  // Who was faster has made its state of the same plan, perhaps with other marks; or has edited it since, and comes after this.
  return (await flows.get(uid))?.state.lastRevision !== plan.revision
}

/** Makes the state of a flow that has none of the newest plan that it has: who wrote that has died, and may have declared its queues. */
export async function adoptPlan(core: ChangeCore, flow: string): Promise<void> {
  if ((await core.store.flows.get(flow)) !== undefined) return
  await adopt(core, await newestPlan(core.store.plans, flow))
}

/** The first one may be missing from a list that is older than the last moments of who wrote it. */
export async function newestPlan(plans: PlanStore, flow: string): Promise<Plan | undefined> {
  return plans.get(flow, Math.max(1, ...(await plans.revisions(flow))))
}

/** Undefined, too, where none is listed, as of nearly every new flow: nobody is asked then. */
async function listedPlan(plans: PlanStore, flow: string, newest: number): Promise<Plan | undefined> {
  return newest === 0 ? undefined : plans.get(flow, newest)
}

/** False when there is no such plan. */
async function adopt(core: ChangeCore, plan: Plan | undefined): Promise<boolean> {
  if (plan !== undefined) await writeState(core, undefined, stateOfPlan(plan, core.clock.now()))
  return plan !== undefined
}

/** Of a flow that is gone by now nobody would look for the queues. */
async function writeFirst({ core, declared }: Omit<FirstRevisionParts, 'plans'>, state: FlowState): Promise<boolean> {
  try {
    return await writeState(core, undefined, state)
  } catch (error) {
    if (error instanceof PermanentError && error.code === flowNotFoundCode) await declared.drop(state.flow)
    throw error
  }
}

/** The state with its queues; without, where that is not to be done yet, or cannot be: it is tried again, and told of, when the flow has a state. */
async function declare({ core, declared }: Omit<FirstRevisionParts, 'plans'>, state: FlowState): Promise<FlowState> {
  const { flow, pending } = state
  if (pending === undefined || pending.blocked !== undefined) return state
  return declared.declare(flow, pending.stages).then(
    () => withDeclared(state, core.clock.now()),
    () => state,
  )
}

/** False when another was faster: the flow goes on from there. */
async function take(core: ChangeCore, plans: KeptPlans, plan: Plan): Promise<boolean> {
  try {
    await plans.write(plan)
    return true
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== revisionTakenCode) throw error
    await adopt(core, await core.store.plans.get(plan.flow.uid, plan.revision))
    return false
  }
}
