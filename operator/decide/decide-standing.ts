import type { FlowState, KeptRevision } from '../../flow/plan/flow-state.ts'

export interface Standing {
  /** No new runs; what has started is finished. */
  readonly suspended: boolean
  /** No new runs, and nothing is consumed. */
  readonly frozen: boolean
}

/** The state with these marks. The same object when they are set already. */
export function decideStanding(state: FlowState, { suspended, frozen }: Standing, now: number): FlowState {
  if (state.suspended === suspended && state.frozen === frozen) return state
  const { stoodSince, ...rest } = state
  const marked = { ...rest, suspended, frozen }
  if (suspended || frozen) return { ...marked, stoodSince: stoodSince ?? now }
  return { ...marked, kept: stoodSince === undefined ? state.kept : state.kept.map(grownBy(stoodSince, now)) }
}

/** Its messages could not be finished meanwhile: the time does not count. */
function grownBy(stoodSince: number, now: number): (kept: KeptRevision) => KeptRevision {
  return (kept) => {
    const { activeUntil } = kept
    if (activeUntil === undefined) return kept
    return { ...kept, activeUntil: Math.min(now, activeUntil) + Math.max(0, now - Math.max(stoodSince, activeUntil)) }
  }
}
