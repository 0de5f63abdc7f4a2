import type { Plan } from '../../flow/plan/plan.ts'
import type { Work } from './memory-store.ts'
import { revisionTaken } from './revision-taken.ts'
import type { PlanStore } from './store.ts'

export function memoryPlans(work: Work): PlanStore {
  const flows = new Map<string, Map<number, Plan>>()
  const revisionsOf = (flow: string): number[] =>
    [...(flows.get(flow)?.keys() ?? [])].toSorted((left, right) => left - right)
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
    latest: (flow) => work(() => flows.get(flow)?.get(revisionsOf(flow).at(-1) ?? 0)),
    revisions: (flow) => work(() => revisionsOf(flow)),
    remove: (flow, revision) =>
      work(() => {
        const plans = flows.get(flow)
        plans?.delete(revision)
        if (plans?.size === 0) flows.delete(flow)
      }),
  }
}
