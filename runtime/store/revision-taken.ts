import type { Plan } from '../../flow/plan/plan.ts'
import { PermanentError } from '../error.ts'

export const revisionTakenCode = 'RevisionTaken'

export function revisionTaken({ flow, revision }: Plan): PermanentError {
  return new PermanentError(revisionTakenCode, `revision ${revision} of flow ${flow.name} is another plan already`)
}
