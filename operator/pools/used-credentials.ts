import type { Logger } from 'pino'
import type { Plan } from '../../flow/plan/plan.ts'
import { boundedMap } from '../../kube/write/bounded-map.ts'
import { openSlots } from '../../kube/write/slots.ts'
import { revisionsInUse, stageCredentials, type StageCredential } from './decide/pool-access.ts'
import type { NeededPool, NeedingFlow } from './living-pools.ts'

/** A plan by its number; undefined when it is gone for certain. Rejects when that cannot be told now. */
export type FindPlan = (place: {
  readonly namespace: string
  readonly flow: string
  readonly revision: number
}) => Promise<Plan | undefined>

export interface UsedCredentials {
  /** Names of the Credentials that some message in the pool's queues may need. */
  readonly names: readonly string[]
  /** Every plan was found: nothing is missing. */
  readonly isComplete: boolean
}

const rememberedPlans = 50_000
const plansAtOnce = 8

/** What a pool's runner has to read, of all plans that messages to it may name. Each plan is looked at once. */
export function openUsedCredentials(find: FindPlan, log: Logger): (pool: NeededPool) => Promise<UsedCredentials> {
  const known = boundedMap<readonly StageCredential[]>(rememberedPlans)
  const slots = openSlots(plansAtOnce)
  const ofPlan = async (namespace: string, flow: string, revision: number): Promise<readonly StageCredential[]> => {
    const key = `${flow}/${revision}`
    const before = known.get(key)
    if (before !== undefined) return before
    const release = await slots.take()
    try {
      const plan = await find({ namespace, flow, revision })
      const found = plan === undefined ? [] : stageCredentials(plan)
      // One that is numbered and not written yet will come.
      if (plan !== undefined) known.set(key, found)
      return found
    } finally {
      release()
    }
  }
  const ofFlow = async (pool: NeededPool, { state, queues }: NeedingFlow): Promise<UsedCredentials> => {
    const own = new Set(queues.map(({ queue }) => queue))
    const looks = revisionsInUse(state).map((revision) => ofPlan(pool.namespace, state.flow, revision))
    const plans = await Promise.allSettled(looks)
    for (const look of plans) {
      if (look.status === 'rejected')
        log.warn(
          { flow: state.name, namespace: state.namespace, err: look.reason as unknown },
          'plan cannot be read now',
        )
    }
    const stages = plans.flatMap((look) => (look.status === 'fulfilled' ? look.value : []))
    return {
      names: stages.filter(({ queue }) => own.has(queue)).map(({ credential }) => credential),
      isComplete: plans.every(({ status }) => status === 'fulfilled'),
    }
  }
  return async (pool) => {
    const all = await Promise.all(pool.flows.map((flow) => ofFlow(pool, flow)))
    return {
      names: [...new Set(all.flatMap(({ names }) => names))].toSorted(),
      isComplete: all.every(({ isComplete }) => isComplete),
    }
  }
}
