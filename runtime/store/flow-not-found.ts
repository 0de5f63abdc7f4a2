import { PermanentError } from '../error.ts'

export const flowNotFoundCode = 'FlowNotFound'

/** Of a store whose flows are objects of somebody else's, where that is gone: it has no state, and cannot be given one. */
export function flowNotFound(uid: string): PermanentError {
  return new PermanentError(flowNotFoundCode, `there is no Flow with the uid ${uid}: it was deleted`)
}
