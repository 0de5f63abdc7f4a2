import type { Json, JsonObject } from '../../../crds/v1alpha1/meta.ts'
import { isJsonObject } from '../../../crds/v1alpha1/meta.ts'
import type { ComponentFailure, Emit } from '../component-host.ts'

/*
 * What a child says in JSON. Its process runs strangers' code, which can write to the same socket: each text is what it must be,
 * or throws as a broken frame does.
 */

/** @throws {RangeError | SyntaxError} */
export function failureIn(json: string): ComponentFailure {
  const { code, message, name, stack, permanent, retryAfterSeconds } = objectIn(json)
  return {
    code: textOf(code),
    message: textOf(message),
    ...(name !== undefined && { name: textOf(name) }),
    ...(stack !== undefined && { stack: textOf(stack) }),
    ...(permanent === true && { permanent }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds: amountOf(retryAfterSeconds) }),
  }
}

export interface LogRecord {
  /** bunyan's numbers: trace 10 to fatal 60. */
  readonly level: number
  readonly message: string
  readonly fields: JsonObject
}

/** @throws {RangeError | SyntaxError} */
export function logRecordIn(json: string): LogRecord {
  const { level, message, fields } = objectIn(json)
  return { level: amountOf(level), message: textOf(message), fields: objectIn(textOf(fields)) }
}

/**
 * A message stays the bytes that it came as.
 *
 * @throws {RangeError | SyntaxError}
 */
export function emitIn(kind: Emit['kind'], bytes: Buffer): Emit {
  if (kind === 'data') return { kind, message: bytes }
  const json = bytes.toString('utf8')
  switch (kind) {
    case 'error':
      return { kind, failure: failureIn(json) }
    case 'rebound':
      return { kind, reason: textOf(valueIn(json)) }
    case 'snapshot':
      return { kind, value: valueIn(json) }
    case 'updateSnapshot':
      return { kind, value: objectIn(json) }
    case 'updateKeys':
      return { kind, keys: objectIn(json) }
    case 'httpReply':
      return { kind, reply: objectIn(json) }
  }
}

function valueIn(json: string): Json {
  return JSON.parse(json) as Json // what JSON can say
}

function objectIn(json: string): JsonObject {
  const value = valueIn(json)
  if (!isJsonObject(value)) throw new RangeError('no object in its JSON')
  return value
}

function textOf(value: Json | undefined): string {
  if (typeof value !== 'string') throw new RangeError('no text where its JSON has one')
  return value
}

function amountOf(value: Json | undefined): number {
  if (typeof value !== 'number' || value < 0) throw new RangeError('no amount where its JSON has one')
  return value
}
