import type { FlowState, LivingStage } from '../flow/plan/flow-state.ts'
import type { Plan } from '../flow/plan/plan.ts'
import type { Store } from '../runtime/store/store.ts'

/** Earlier versions kept plans and no state of their flow: the newest plan was the active one. Does nothing where there is a state, or no plan. */
export async function adoptPlans(
  { flows, plans }: Pick<Store, 'flows' | 'plans'>,
  uid: string,
  now: number,
): Promise<void> {
  if ((await flows.get(uid)) !== undefined) return
  const revisions = await plans.revisions(uid)
  const known = (await Promise.all(revisions.map((revision) => plans.get(uid, revision)))).filter(
    (plan) => plan !== undefined,
  )
  const newest = known.at(-1)
  // Who is faster has read the same plans.
  if (newest !== undefined) await flows.put(stateOf(newest, known, now), 0)
}

function stateOf(newest: Plan, plans: readonly Plan[], now: number): FlowState {
  const { uid, namespace, name, suspend, freeze } = newest.flow
  return {
    flow: uid,
    namespace,
    name,
    lastRevision: newest.revision,
    active: newest.revision,
    kept: plans.map(({ revision, hash }) => ({
      revision,
      hash,
      ...(revision < newest.revision && { activeUntil: now }),
    })),
    living: [...new Map(plans.flatMap(livingOf).map((stage) => [stage.queue, stage])).values()],
    retiring: [],
    suspended: suspend,
    frozen: freeze,
    ...((suspend || freeze) && { stoodSince: now }),
  }
}

function livingOf({ stages, revision }: Plan): LivingStage[] {
  return stages.map(({ queue, name, pool, singleActiveConsumer }) => ({
    queue,
    step: name,
    pool,
    singleActiveConsumer,
    revision,
  }))
}
