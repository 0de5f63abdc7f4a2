import type { Plan } from '../../flow/plan/plan.ts'
import type { LivingWork, WorkList } from '../../runtime/plan-source.ts'

/** The living list of one flow whose queues never retire. */
export function livingList() {
  const works = new Map<string, LivingWork>()
  const listeners = new Set<() => void>()
  const list: WorkList = {
    living: () => [...works.values()],
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return {
    list,
    /** A newer plan than those before. */
    add: (plan: Plan) => {
      for (const stage of plan.stages) works.set(stage.queue, { stage, plan })
      for (const listener of listeners) listener()
    },
  }
}
