import type { Logger } from 'pino'
import { revisionsInUse, stageCredentials } from './decide/pool-access.ts'
import type { NeededPool, NeedingFlow } from './living-pools.ts'
import { openPlanLooks, type FindPlan } from './plan-looks.ts'

export interface UsedCredentials {
  /** Names of the Credentials that some message in the pool's queues may need. */
  readonly names: readonly string[]
  /** Every plan was found: nothing is missing. */
  readonly isComplete: boolean
}

/** What a pool's runner has to read, of all plans that messages to it may name. Each plan is looked at once. */
export function openUsedCredentials(find: FindPlan, log: Logger): (pool: NeededPool) => Promise<UsedCredentials> {
  const looksInto = openPlanLooks(find, stageCredentials)
  const ofFlow = async (pool: NeededPool, { state, queues }: NeedingFlow): Promise<UsedCredentials> => {
    const own = new Set(queues.map(({ queue }) => queue))
    const { namespace } = pool
    const looks = revisionsInUse(state).map((revision) => looksInto.of({ namespace, flow: state.flow, revision }))
    const plans = await Promise.allSettled(looks)
    for (const look of plans) {
      if (look.status === 'rejected')
        log.warn(
          { flow: state.name, namespace: state.namespace, err: look.reason as unknown },
          'plan cannot be read now',
        )
    }
    const stages = plans.flatMap((look) => (look.status === 'fulfilled' ? (look.value ?? []) : []))
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
