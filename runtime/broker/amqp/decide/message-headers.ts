import type { MessageHeaders } from '../../../wire/message.ts'

/**
 * The headers as the one text that travels beside the body: a JSON list, in it by its place what every message has, behind
 * that by its name what few have. A third shorter than an object: the broker pays for each byte at every hop.
 */
export function encodeHeaders(headers: MessageHeaders): string {
  const { flow, revision, revisionHash, run, runStartedAt, trigger, at, attempt, copy, hops } = headers
  const { parent = none, traceparent = none } = headers
  const usual = [flow, revision, revisionHash, run, runStartedAt, trigger, at, attempt, copy, hops, parent, traceparent]
  return JSON.stringify(hasRare(headers) ? [...usual, rareOf(headers)] : usual)
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
  if (!Array.isArray(value)) return { kind: 'malformed', reason: 'its header `weir` is not a list' }
  const wrong = wrongPlace(value) ?? wrongRare(value[usualFields.length])
  if (wrong !== undefined) return { kind: 'malformed', reason: `its header \`weir\` has no fit \`${wrong}\`` }
  return { kind: 'headers', headers: headersIn(value as unknown as HeaderList) }
}

/** In the place of what a message does not have. */
const none = 0

type HeaderList = readonly [
  flow: string,
  revision: number,
  revisionHash: string,
  run: string,
  runStartedAt: number,
  trigger: string,
  at: string,
  attempt: number,
  copy: string,
  hops: number,
  parent: string | typeof none,
  traceparent: string | typeof none,
  rare?: Partial<MessageHeaders>,
]

function headersIn(list: HeaderList): MessageHeaders {
  const [flow, revision, revisionHash, run, runStartedAt, trigger, at, attempt, copy, hops, parent, trace, rare] = list
  const headers: { -readonly [Name in keyof MessageHeaders]: MessageHeaders[Name] } = {
    flow,
    revision,
    revisionHash,
    run,
    runStartedAt,
    trigger,
    at,
    attempt,
    copy,
    hops,
  }
  if (parent !== none) headers.parent = parent
  if (trace !== none) headers.traceparent = trace
  return rare === undefined ? headers : Object.assign(headers, rare)
}

type Fits = (value: unknown) => boolean

const isText: Fits = (value) => typeof value === 'string'
const isTextOrNone: Fits = (value) => typeof value === 'string' || value === none
const isCount: Fits = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isInstant: Fits = (value) => Number.isFinite(value)
const isMark: Fits = (value) => value === true

/** In the list's order. */
const usualFields: readonly (readonly [keyof MessageHeaders, Fits])[] = [
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
  ['parent', isTextOrNone],
  ['traceparent', isTextOrNone],
]

const rareFields: readonly (readonly [keyof MessageHeaders, Fits])[] = [
  ['left', isMark],
  ['replay', isCount],
  ['notBefore', isInstant],
  ['notAfter', isInstant],
  ['tracked', isMark],
  ['replyTo', isText],
  ['blob', isText],
]

function wrongPlace(list: readonly unknown[]): string | undefined {
  for (let at = 0; at < usualFields.length; at += 1) {
    const field = usualFields[at]
    if (field !== undefined && !field[1](list[at])) return field[0]
  }
  return undefined
}

function wrongRare(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null) return 'rest'
  const rare = value as Readonly<Record<string, unknown>>
  const known = new Map<string, Fits>(rareFields)
  return Object.keys(rare).find((name) => known.get(name)?.(rare[name]) !== true)
}

function hasRare(headers: MessageHeaders): boolean {
  for (const [name] of rareFields) if (headers[name] !== undefined) return true
  return false
}

function rareOf(headers: MessageHeaders): Partial<MessageHeaders> {
  return Object.fromEntries(
    rareFields.flatMap(([name]) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  )
}
