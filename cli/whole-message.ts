import type { Json, JsonObject } from '../crds/v1alpha1/meta.ts'

const messageKeys = ['data', 'body', 'metadata', 'attachments']

/** `{data, metadata, attachments}` of what was typed: a message as it stands; anything else is its data. */
export function wholeMessage(typed: Json): JsonObject {
  return { metadata: {}, attachments: {}, ...(isMessage(typed) ? typed : { data: typed }) }
}

export function isMessage(typed: Json): typed is JsonObject {
  if (typeof typed !== 'object' || typed === null || Array.isArray(typed)) return false
  return messageKeys.some((key) => Object.hasOwn(typed, key))
}
