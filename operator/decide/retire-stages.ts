import type { FlowState, StageQueue } from '../../flow/plan/flow-state.ts'

/** Takes queues off the living list, if they are on it, and puts them on their one way out. */
export function retireStages(
  state: FlowState,
  stages: readonly Pick<StageQueue, 'queue' | 'step'>[],
  now: number,
): FlowState {
  const known = new Set(state.retiring.map(({ queue }) => queue))
  const added = stages.filter(({ queue }) => !known.has(queue))
  if (added.length === 0) return state
  const gone = new Set(added.map(({ queue }) => queue))
  return {
    ...state,
    living: state.living.filter(({ queue }) => !gone.has(queue)),
    retiring: [...state.retiring, ...added.map(({ queue, step }) => ({ queue, step, since: now }))],
  }
}
