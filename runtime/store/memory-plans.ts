import type { Plan } from '../../flow/plan/plan.ts'
import type { Work } from './memory-store.ts'
import { revisionTaken } from './revision-taken.ts'
import type { PlanStore } from './store.ts'

export function memoryPlans(work: Work): PlanStore {
  const flows = new Map<string, Map<number, Plan>>()
  return {
    put: (plan) =>
      work(() => {
        const plans = flows.get(plan.flow.uid) ?? new Map<number, Plan>()
        const known = plans.get(plan.revision)
        if (known !== undefined && known.hash !== plan.hash) throw revisionTaken(plan)
        flows.set(plan.flow.uid, plans)
        plans.set(plan.revision, plan)
      }),
    get: (flow, revision) => work(() => flows.get(flow)?.get(revision)),
    latest: (flow) =>
      work(() => {
        const plans = flows.get(flow)
        return plans?.get(Math.max(...plans.keys()))
      }),
  }
}
