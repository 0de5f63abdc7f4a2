import type { MessageHeaders } from '../../../wire/message.ts'

/** The headers as the one text that travels beside the body. */
export function encodeHeaders(headers: MessageHeaders): string {
  return JSON.stringify(headers)
}

export type DecodedHeaders =
  | { readonly kind: 'headers'; readonly headers: MessageHeaders }
  /** Somebody else has published it, or it was damaged. */
  | { readonly kind: 'malformed'; readonly reason: string }

/** What `encodeHeaders` gave; never throws, whatever a stranger has sent. */
export function decodeHeaders(text: string): DecodedHeaders {
  if (text === '') return { kind: 'malformed', reason: 'it has no header `weir`' }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'malformed', reason: 'its header `weir` is not JSON' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'malformed', reason: 'its header `weir` is not an object' }
  }
  const wrong = wrongField(value as Readonly<Record<string, unknown>>)
  if (wrong !== undefined) return { kind: 'malformed', reason: `its header \`weir\` has no fit \`${wrong}\`` }
  return { kind: 'headers', headers: value as MessageHeaders }
}

type Fits = (value: unknown) => boolean

const isText: Fits = (value) => typeof value === 'string'
const isCount: Fits = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isInstant: Fits = (value) => Number.isFinite(value)
const isMark: Fits = (value) => value === true

const required: readonly (readonly [keyof MessageHeaders, Fits])[] = [
  ['flow', isText],
  ['revision', isCount],
  ['revisionHash', isText],
  ['run', isText],
  ['runStartedAt', isInstant],
  ['trigger', isText],
  ['at', isText],
  ['attempt', isCount],
  ['copy', isText],
  ['hops', isCount],
]

const optional: readonly (readonly [keyof MessageHeaders, Fits])[] = [
  ['left', isMark],
  ['parent', isText],
  ['replay', isCount],
  ['notBefore', isInstant],
  ['notAfter', isInstant],
  ['tracked', isMark],
  ['replyTo', isText],
  ['traceparent', isText],
  ['blob', isText],
]

function wrongField(value: Readonly<Record<string, unknown>>): string | undefined {
  for (const [name, fits] of required) if (!fits(value[name])) return name
  for (const [name, fits] of optional) if (value[name] !== undefined && !fits(value[name])) return name
  return undefined
}
