import type { FlowState } from '../../../flow/plan/flow-state.ts'

export type RevisionLabel = 'pending' | 'active' | 'old'

/** What a revision of the flow is. One that the state does not name yet is about to be pending; what it names no more is about to go. */
export function revisionLabelOf(
  { active, lastRevision, pending }: Pick<FlowState, 'active' | 'lastRevision' | 'pending'>,
  revision: number,
): RevisionLabel {
  if (revision === active) return 'active'
  return revision === pending?.revision || revision > lastRevision ? 'pending' : 'old'
}
