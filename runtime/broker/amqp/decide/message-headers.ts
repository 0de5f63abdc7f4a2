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

/** By their places: to take a list apart as one costs several times as much, and this is done for every message. */
function headersIn(list: HeaderList): MessageHeaders {
  const headers: { -readonly [Name in keyof MessageHeaders]: MessageHeaders[Name] } = {
    flow: list[0],
    revision: list[1],
    revisionHash: list[2],
    run: list[3],
    runStartedAt: list[4],
    trigger: list[5],
    at: list[6],
    attempt: list[7],
    copy: list[8],
    hops: list[9],
  }
  if (list[10] !== none) headers.parent = list[10]
  if (list[11] !== none) headers.traceparent = list[11]
  return list[12] === undefined ? headers : Object.assign(headers, list[12])
}

type Fits = (value: unknown) => boolean

const isText: Fits = (value) => typeof value === 'string'
const isCount: Fits = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isInstant: Fits = (value) => Number.isFinite(value)
const isMark: Fits = (value) => value === true

/** In the list's order. */
const usualFields: readonly (keyof MessageHeaders)[] = [
  'flow',
  'revision',
  'revisionHash',
  'run',
  'runStartedAt',
  'trigger',
  'at',
  'attempt',
  'copy',
  'hops',
  'parent',
  'traceparent',
]
/** Places of one form together: a loop over one form is the least that a look at all of them costs. */
const texts = [0, 2, 3, 5, 6, 8]
const counts = [1, 7, 9]
const instant = 4
const textsOrNone = [10, 11]

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
  for (const at of texts) if (typeof list[at] !== 'string') return usualFields[at]
  for (const at of counts) if (!isCount(list[at])) return usualFields[at]
  for (const at of textsOrNone) if (typeof list[at] !== 'string' && list[at] !== none) return usualFields[at]
  return isInstant(list[instant]) ? undefined : usualFields[instant]
}

function wrongRare(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null) return 'rest'
  const rare = value as Readonly<Record<string, unknown>>
  const known = new Map<string, Fits>(rareFields)
  return Object.keys(rare).find((name) => known.get(name)?.(rare[name]) !== true)
}

function hasRare({ left, replay, notBefore, notAfter, tracked, replyTo, blob }: MessageHeaders): boolean {
  const isPlain = left === undefined && notBefore === undefined && notAfter === undefined && replyTo === undefined
  return !isPlain || replay !== undefined || tracked !== undefined || blob !== undefined
}

function rareOf(headers: MessageHeaders): Partial<MessageHeaders> {
  return Object.fromEntries(
    rareFields.flatMap(([name]) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  )
}
