import { PermanentError } from '../error.ts'
import type { ActivePlan } from './active-plan.ts'
import { activatePlan } from './active-plan.ts'
import type { RunnerParts } from './runner-parts.ts'

/**
 * Plans by (flow, revision), compiled once; the oldest go when there are too many. Undefined means gone for good.
 *
 * @throws {TransientError} when it cannot be known now
 */
export type PlanCache = (flow: string, revision: number) => ActivePlan | undefined | Promise<ActivePlan | undefined>

const keptPlans = 500

export function planCache({ plans, log }: Pick<RunnerParts, 'plans' | 'log'>): PlanCache {
  const byFlow = new Map<string, Map<number, ActivePlan>>()
  let count = 0
  const keep = (flow: string, active: ActivePlan): void => {
    if (count >= keptPlans) {
      byFlow.clear()
      count = 0
    }
    const revisions = byFlow.get(flow) ?? new Map<number, ActivePlan>()
    byFlow.set(flow, revisions)
    revisions.set(active.plan.revision, active)
    count += 1
  }
  const fetch = async (flow: string, revision: number): Promise<ActivePlan | undefined> => {
    const plan = await plans.get(flow, revision)
    if (plan === undefined) return undefined
    try {
      const active = activatePlan(plan)
      keep(flow, active)
      return active
    } catch (err) {
      if (!(err instanceof PermanentError)) throw err
      // As good as gone: waiting would not make it readable.
      log.error({ flow, revision, code: err.code, err }, 'plan cannot be used')
      return undefined
    }
  }
  return (flow, revision) => byFlow.get(flow)?.get(revision) ?? fetch(flow, revision)
}
