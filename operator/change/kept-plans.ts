import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import type { ChangeCore } from './change-parts.ts'

/** The plans in the store, as far as the states of their flows speak of them. */
export interface KeptPlans {
  /** Safe to repeat. */
  readonly write: (plan: Plan) => Promise<void>
  readonly isWritten: (flow: string, revision: number) => Promise<boolean>
  /** Removes those that the state keeps no more. */
  readonly prune: (state: FlowState) => Promise<void>
}

export function keptPlans({ store: { plans } }: Pick<ChangeCore, 'store'>): KeptPlans {
  /** The last revision that this process has written, by flow. */
  const written = new Map<string, number>()
  /** What was kept when this process pruned last, by flow. */
  const pruned = new Map<string, string>()
  return {
    write: async (plan) => {
      await plans.put(plan)
      written.set(plan.flow.uid, plan.revision)
    },
    isWritten: async (flow, revision) =>
      written.get(flow) === revision || (await plans.get(flow, revision)) !== undefined,
    prune: async ({ flow, kept, lastRevision }) => {
      const numbers = kept.map(({ revision }) => revision)
      const key = numbers.join(' ')
      if (pruned.get(flow) === key) return
      // None above the last number: another process may be about to write it.
      const gone = (await plans.revisions(flow)).filter((one) => one <= lastRevision && !numbers.includes(one))
      for (const revision of gone) await plans.remove(flow, revision)
      pruned.set(flow, key)
    },
  }
}
