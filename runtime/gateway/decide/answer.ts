import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http'
import type { Reply } from '../../wire/reply.ts'

/** What a request is answered with. */
export interface Answer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** A step of the way of a request: it goes on with the value, or ends with the answer. */
export type Checked<Value> =
  { readonly kind: 'ok'; readonly value: Value } | { readonly kind: 'refused'; readonly answer: Answer }

export function refused(answer: Answer): { readonly kind: 'refused'; readonly answer: Answer } {
  return { kind: 'refused', answer }
}

export function ok<Value>(value: Value): Checked<Value> {
  return { kind: 'ok', value }
}

export interface Problem {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly headers?: Readonly<Record<string, string>>
  /** Further members of the document. */
  readonly members?: Readonly<Record<string, unknown>>
}

/** Problem details (RFC 9457). */
export function problem({ status, code, detail, headers = {}, members = {} }: Problem): Answer {
  const document = { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, code, detail, ...members }
  return { status, headers: { ...headers, 'content-type': 'application/problem+json' }, body: JSON.stringify(document) }
}

export const notFound = problem({ status: 404, code: 'NotFound', detail: 'there is nothing at this path' })

/** A known path and another method than its own. HEAD and OPTIONS tell what is there, and start nothing. */
export function otherMethod(method: string, allow: readonly string[]): Answer {
  const headers = { allow: [...new Set([...allow, 'HEAD', 'OPTIONS'])].join(', ') }
  if (method === 'OPTIONS') return { status: 204, headers }
  if (method === 'HEAD') return { status: 200, headers }
  return problem({ status: 405, code: 'MethodNotAllowed', detail: `use ${allow.join(' or ')} here`, headers })
}

export function bodyTooLarge(maxBytes: number): Answer {
  return problem({ status: 413, code: 'BodyTooLarge', detail: `the body is larger than ${maxBytes} bytes` })
}

export function jsonAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  if (value === undefined) return { status, headers }
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

/** A run, and whose it is. */
export interface RunPlace {
  readonly namespace: string
  readonly run: string
}

export function statusUrl({ namespace, run }: RunPlace): string {
  return `/runs/${encodeURIComponent(namespace)}/${encodeURIComponent(run)}`
}

/** The answer that a reply asks for; a 500 when it is none that HTTP knows. */
export function answerOf(reply: Reply, place: RunPlace): Answer {
  const { run } = place
  if (reply.kind === 'failed') {
    const { code, message } = reply
    return problem({ status: 500, code, detail: message, members: { run }, headers: { location: statusUrl(place) } })
  }
  const { status, headers, body } = reply
  const invalid = !isFinalStatus(status) ? `the status ${status}` : invalidHeader(headers)
  if (invalid !== undefined) {
    return problem({
      status: 500,
      code: 'InvalidResponse',
      detail: `the flow responded with ${invalid}`,
      members: { run },
    })
  }
  const own = Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => !connectionHeaders.has(name)),
  )
  if (typeof body !== 'string') return jsonAnswer(status, body, own)
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...own }, body }
}

// They speak of this connection, and are the server's to set.
const connectionHeaders = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function isFinalStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 200 && status <= 599
}

function invalidHeader(headers: Readonly<Record<string, unknown>>): string | undefined {
  const entry = Object.entries(headers).find(([name, value]) => typeof value !== 'string' || !isHeader(name, value))
  return entry === undefined ? undefined : `the header ${JSON.stringify(entry[0].slice(0, 80))}`
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false // a line break in it, for example
  }
}

/** Nothing was started. */
export const unavailable = problem({
  status: 503,
  code: 'Unavailable',
  detail: 'the message cannot be stored at the moment',
  headers: { 'retry-after': '5' },
})
