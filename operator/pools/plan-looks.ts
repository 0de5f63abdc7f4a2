import type { Plan } from '../../flow/plan/plan.ts'
import { boundedMap } from '../../kube/write/bounded-map.ts'
import { openSlots } from '../../kube/write/slots.ts'

export interface PlanPlace {
  readonly namespace: string
  readonly flow: string
  readonly revision: number
}

/** A plan by its number; undefined when it is gone for certain. Rejects when that cannot be told now. */
export type FindPlan = (place: PlanPlace) => Promise<Plan | undefined>

/** What is found in plans, each of which is looked at once, and few at a time. */
export interface PlanLooks<Found> {
  /** Undefined while there is no such plan: one that is numbered and not written yet will come. Rejects as `FindPlan` does. */
  readonly of: (place: PlanPlace) => Promise<Found | undefined>
  /** Of an earlier look, or from elsewhere. */
  readonly known: (place: Omit<PlanPlace, 'namespace'>) => Found | undefined
  readonly note: (place: Omit<PlanPlace, 'namespace'>, found: Found) => void
}

const rememberedPlans = 50_000
const plansAtOnce = 8

export function openPlanLooks<Found>(find: FindPlan, look: (plan: Plan) => Found): PlanLooks<Found> {
  const remembered = boundedMap<Found>(rememberedPlans)
  const slots = openSlots(plansAtOnce)
  const keyOf = ({ flow, revision }: Omit<PlanPlace, 'namespace'>): string => `${flow}/${revision}`
  return {
    known: (place) => remembered.get(keyOf(place)),
    note: (place, found) => remembered.set(keyOf(place), found),
    of: async (place) => {
      const before = remembered.get(keyOf(place))
      if (before !== undefined) return before
      const release = await slots.take()
      try {
        const plan = await find(place)
        if (plan === undefined) return undefined
        const found = look(plan)
        remembered.set(keyOf(place), found)
        return found
      } finally {
        release()
      }
    },
  }
}
