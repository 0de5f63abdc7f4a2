import type { Plan } from '../../flow/plan/plan.ts'
import type { PlanSource } from '../plan-source.ts'
import type { Store } from '../store/store.ts'

/** The plans as the store has them: for who is no runner, and looks only now and then. */
export function storePlans({ plans, flows }: Pick<Store, 'plans' | 'flows'>): Pick<PlanSource, 'get' | 'refresh'> {
  return {
    get: plans.get,
    refresh: async (flow): Promise<Plan | undefined> => {
      const known = await flows.get(flow)
      // A flow that nobody keeps a state of has one plan at a time: the latest.
      if (known === undefined) return plans.latest(flow)
      const { active, deletion } = known.state
      return active === undefined || deletion !== undefined ? undefined : plans.get(flow, active)
    },
  }
}
