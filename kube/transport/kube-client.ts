import { Pool, type Dispatcher } from 'undici'
import { pause, systemClock, type Clock } from '../clock.ts'
import type { ClusterAccess, TlsMaterial } from './cluster-access.ts'
import { done, failed, KubeError, refusal, type Outcome } from './kube-error.ts'

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** From `pathOf`. */
  readonly path: string
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  /** Sent as JSON. */
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  /** For all of it, waiting and second tries included; 30 s by default. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
  /** Asked each time right before it is sent: who may have lost the right to write in the meantime does not. */
  readonly mayBeSent?: () => boolean
}

/**
 * The API server, one request at a time.
 *
 * Every request ends in its time, whatever the network does. One that the server put off (429) is sent again when the server wants it, and one whose
 * credentials it did not accept (401) once with new ones: both were not carried out. Nothing else is ever sent twice.
 */
export interface KubeClient {
  /** The answer's body as JSON; undefined where it has none. */
  readonly request: <T>(request: KubeRequest) => Promise<Outcome<T>>
  /** The same, for a body that is read by the caller's own function: the text is dropped when that returns. */
  readonly read: <T>(request: KubeRequest, parse: (text: string) => T) => Promise<Outcome<T>>
  /** An answer without an end, as it comes; its time counts to the first byte. Ended by the signal, or by leaving the loop over it. */
  readonly stream: (request: KubeRequest) => Promise<Outcome<AsyncIterable<Uint8Array>>>
  /** Ends everything that is under way. */
  readonly close: () => Promise<void>
}

export interface KubeClientOptions {
  readonly access: ClusterAccess
  /** For the server's log. */
  readonly userAgent: string
  /** For requests; streams have connections of their own. 16 by default. */
  readonly connections?: number
  readonly clock?: Clock
}

const defaultTimeoutMs = 30_000
const connectTimeoutMs = 10_000
const longestPauseMs = 30_000

export function openKubeClient(options: KubeClientOptions): KubeClient {
  const pools = openPools(options)
  const clock = options.clock ?? systemClock
  const read = <T>(request: KubeRequest, parse: (text: string) => T): Promise<Outcome<T>> =>
    withDeadline(request, async (signal) => {
      const answer = await send({ pools, clock, request, signal, isStream: false })
      if (answer.kind === 'failed') return answer
      return done(parse(await answer.value.body.text()))
    })
  return {
    read,
    request: <T>(request: KubeRequest) => read(request, (text) => (text === '' ? undefined : JSON.parse(text)) as T),
    stream: (request) => openStream(request, (signal) => send({ pools, clock, request, signal, isStream: true })),
    close: () => pools.close(),
  }
}

interface Sending {
  readonly pools: Pools
  readonly clock: Clock
  readonly request: KubeRequest
  readonly signal: AbortSignal
  readonly isStream: boolean
}

/** Until there is an answer that means something. */
async function send(sending: Sending): Promise<Outcome<Dispatcher.ResponseData>> {
  const { pools, clock, request, signal, isStream } = sending
  const what = `${request.method} ${request.path}`
  let isRefused = false
  for (;;) {
    const answer = await pools.dispatch(request, { signal, isStream, isRefused })
    if (answer.statusCode < 300) return done(answer)
    const retryAfter = headerOf(answer, 'retry-after')
    const failure = refusal(what, { status: answer.statusCode, text: await answer.body.text(), retryAfter })
    if (answer.statusCode === 401 && !isRefused) isRefused = true
    else if (answer.statusCode === 429)
      await pause(clock, Math.min(failure.retryAfterMs ?? 1_000, longestPauseMs) * (1 + Math.random() / 4), signal)
    else return failed(failure)
    // In place of a time-out: what the server said is more.
    if (signal.aborted) return failed(failure)
  }
}

function headerOf({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

async function withDeadline<T>(
  request: KubeRequest,
  work: (signal: AbortSignal) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const deadline = AbortSignal.timeout(request.timeoutMs ?? defaultTimeoutMs)
  const signal = request.signal === undefined ? deadline : AbortSignal.any([request.signal, deadline])
  try {
    return await work(signal)
  } catch (error) {
    // Whatever the abort has broken on its way out.
    return failed(failureOf(request, deadline.aborted ? deadline.reason : error))
  }
}

async function openStream(
  request: KubeRequest,
  work: (signal: AbortSignal) => Promise<Outcome<Dispatcher.ResponseData>>,
): Promise<Outcome<AsyncIterable<Uint8Array>>> {
  const opening = new AbortController()
  const timer = setTimeout(
    () => opening.abort(new DOMException('the first byte is late', 'TimeoutError')),
    request.timeoutMs ?? defaultTimeoutMs,
  )
  const signal = request.signal === undefined ? opening.signal : AbortSignal.any([request.signal, opening.signal])
  try {
    const answer = await work(signal)
    return answer.kind === 'failed' ? answer : done(answer.value.body)
  } catch (error) {
    return failed(failureOf(request, opening.signal.aborted ? opening.signal.reason : error))
  } finally {
    clearTimeout(timer)
  }
}

/** Of what the network, the clock or the caller did. A caller's own mistake (no JSON) is unreachable too: nothing came that means anything. */
export function failureOf({ method, path, signal }: KubeRequest, error: unknown): KubeError {
  const what = `${method} ${path}`
  if (signal?.aborted === true)
    return new KubeError(`${what}: not waited for`, { kind: 'aborted', reason: 'Aborted', cause: error })
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return new KubeError(`${what}: no answer in time`, { kind: 'late', reason: 'Timeout', cause: error })
  if (error instanceof FencedError)
    return new KubeError(`${what}: not sent, since another may have taken over`, { kind: 'fenced', reason: 'Fenced' })
  const { message, code } = error as { readonly message?: string; readonly code?: string }
  const why = message === undefined || message === '' ? (code ?? String(error)) : message
  return new KubeError(`${what}: ${why}`, { kind: 'unreachable', reason: 'Unreachable', cause: error })
}

class FencedError extends Error {}

interface Pools {
  readonly dispatch: (
    request: KubeRequest,
    how: { readonly signal: AbortSignal; readonly isStream: boolean; readonly isRefused: boolean },
  ) => Promise<Dispatcher.ResponseData>
  readonly close: () => Promise<void>
}

interface PoolPair {
  readonly tls: TlsMaterial
  readonly requests: Pool
  readonly streams: Pool
}

function openPools({ access, userAgent, connections = 16 }: KubeClientOptions): Pools {
  const { origin, pathname } = new URL(access.server)
  const prefix = pathname.replace(/\/$/, '')
  let pair: PoolPair | undefined
  let isClosed = false
  const pairFor = (tls: TlsMaterial): PoolPair => {
    if (pair !== undefined && isSame(pair.tls, tls)) return pair
    // What is under way ends as it began; certificates count where a connection is made.
    if (pair !== undefined) for (const pool of [pair.requests, pair.streams]) pool.close().catch(() => {})
    pair = openPair(origin, tls, connections)
    return pair
  }
  return {
    dispatch: async (request, { signal, isStream, isRefused }) => {
      const { authorization, tls } = await access.credentials(isRefused)
      if (isClosed) throw new Error('the client is closed')
      if (request.mayBeSent?.() === false) throw new FencedError()
      const { requests, streams } = pairFor(tls)
      const { method, body, accept = 'application/json', contentType = 'application/json' } = request
      return (isStream ? streams : requests).request({
        method,
        path: `${prefix}${request.path}${queryText(request.query)}`,
        headers: {
          accept,
          'user-agent': userAgent,
          ...(authorization === undefined ? {} : { authorization }),
          ...(body === undefined ? {} : { 'content-type': contentType }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal,
      })
    },
    close: async () => {
      isClosed = true
      if (pair !== undefined) await Promise.all([pair.requests.destroy(), pair.streams.destroy()])
    },
  }
}

function openPair(origin: string, tls: TlsMaterial, connections: number): PoolPair {
  // The deadlines are ours. HTTP/2 would put everything on one connection, and whatever breaks it breaks everything.
  const options: Pool.Options = {
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 30_000,
    connect: { ...tls, timeout: connectTimeoutMs },
  }
  return { tls, requests: new Pool(origin, { ...options, connections }), streams: new Pool(origin, options) }
}

function isSame(left: TlsMaterial, right: TlsMaterial): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right)
}

function queryText(query: KubeRequest['query'] = {}): string {
  const parts = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(key)}=${encodeURIComponent(value)}`],
  )
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}
