import type { MessageView } from '../../flow/expression/expression.ts'
import { PermanentError } from '../error.ts'

/**
 * A message's JSON, as bytes, parsed, or both. It is parsed at the first look inside and stringified when it leaves changed:
 * what no built-in looks into stays the component's own bytes.
 */
export interface Payload {
  bytes: Buffer | undefined
  view: MessageView | undefined
}

export function payloadFromBytes(bytes: Buffer): Payload {
  return { bytes, view: undefined }
}

export function payloadFromView(view: MessageView): Payload {
  return { bytes: undefined, view }
}

/**
 * Not to be changed by the caller.
 *
 * @throws {PermanentError} `MalformedMessage` when the bytes are not a message's JSON
 */
export function viewOf(payload: Payload): MessageView {
  payload.view ??= parseView(payload.bytes ?? Buffer.alloc(0))
  return payload.view
}

/** @throws {PermanentError} `MalformedMessage` when the message has no JSON form */
export function bytesOf(payload: Payload): Buffer {
  payload.bytes ??= Buffer.from(stringifyView(payload.view))
  return payload.bytes
}

function parseView(bytes: Buffer): MessageView {
  const value = parseJson(bytes)
  if (!isObject(value)) throw new PermanentError('MalformedMessage', 'a message must be a JSON object')
  return {
    ...value,
    data: value['data'],
    metadata: isObject(value['metadata']) ? value['metadata'] : {},
    attachments: isObject(value['attachments']) ? value['attachments'] : {},
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown
  } catch (cause) {
    throw new PermanentError('MalformedMessage', 'the message is not valid JSON', { cause })
  }
}

function stringifyView(view: MessageView | undefined): string {
  try {
    return JSON.stringify(view ?? {})
  } catch (cause) {
    throw new PermanentError('MalformedMessage', 'the message has no JSON form', { cause })
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
