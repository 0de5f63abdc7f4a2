import type { FlowState } from '../../../flow/plan/flow-state.ts'

/** `current`: active, or to be it; which of the two, the Flow's status tells. */
export type RevisionLabel = 'current' | 'old'

/** What a revision of the flow is; once old it stays so. One that the state does not name yet is about to be pending. */
export function revisionLabelOf(
  { active, lastRevision, pending }: Pick<FlowState, 'active' | 'lastRevision' | 'pending'>,
  revision: number,
): RevisionLabel {
  const isCurrent = revision === active || revision === pending?.revision || revision > lastRevision
  return isCurrent ? 'current' : 'old'
}
