import type { Json, JsonObject } from '../../crds/v1alpha1/meta.ts'
import { isMessage } from '../whole-message.ts'

/** A message with what was given laid over it: parts of a message by their names; anything else is its data. */
export function editedMessage(before: JsonObject, given: Json): JsonObject {
  return { metadata: {}, attachments: {}, ...before, ...(isMessage(given) ? given : { data: given }) }
}
