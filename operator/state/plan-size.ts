import type { Plan } from '../../flow/plan/plan.ts'

/** A FlowRevision holds no more: an object of the API server must stay below 1.5 MB, whatever else it carries. */
export const largestPlanBytes = 512 * 1024

/** Bytes of the plan in a FlowRevision. */
export function planBytes(plan: Plan): number {
  return Buffer.byteLength(JSON.stringify(plan))
}
