import { PermanentError } from '../../error.ts'
import { managementError, type ManagementCall, type ManagementFailure } from './management-error.ts'

/** The management plugin of one server, as whom the URL names. */
export interface ManagementClient {
  readonly call: ManagementCall
  /**
   * Undefined when there is no such thing.
   *
   * @throws {PermanentError | TransientError} see `managementError`
   */
  readonly get: (path: ManagementPath) => Promise<unknown>
  /** Safe to repeat. */
  readonly put: (path: ManagementPath, body: Readonly<Record<string, unknown>>) => Promise<void>
  /** One that is gone is no error. */
  readonly delete: (path: ManagementPath) => Promise<void>
}

/** Below `/api/`; encoded here. */
export type ManagementPath = readonly string[]

export interface ManagementOptions {
  /** For one call; 20 s when absent: a policy takes longer the more queues there are. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/**
 * @param url `http://USER:PASSWORD@HOST:PORT`, or `https:`; a path before `/api` is kept
 * @throws {PermanentError} `ManagementUrlInvalid`, without a word of what was given: it may hold a password
 */
export function openManagementClient(url: string, options: ManagementOptions = {}): ManagementClient {
  const server = parseUrl(url)
  const { call } = server
  const request = (method: string, path: ManagementPath, body?: unknown): Promise<unknown> =>
    send({ ...server, ...options, method, path, body })
  return {
    call,
    get: (path) => request('GET', path),
    put: async (path, body) => {
      if ((await request('PUT', path, body)) === undefined) throw managementError(call, { kind: 'gone' })
    },
    delete: async (path) => void (await request('DELETE', path)),
  }
}

interface Server {
  readonly call: ManagementCall
  readonly base: string
  readonly authorization: string
}

interface Request extends Server, ManagementOptions {
  readonly method: string
  readonly path: ManagementPath
  readonly body?: unknown
}

const usualTimeoutMs = 20_000

async function send(request: Request): Promise<unknown> {
  const { call, base, authorization, method, path, body, signal, timeoutMs = usualTimeoutMs } = request
  const limit = AbortSignal.timeout(timeoutMs)
  try {
    const answer = await fetch(`${base}/api/${path.map(encodeURIComponent).join('/')}`, {
      method,
      headers: { authorization, ...(body !== undefined && { 'content-type': 'application/json' }) },
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
      // Never with the password to wherever it is told to go.
      redirect: 'error',
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return readAnswer(call, { status: answer.status, text: await answer.text() })
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    if (limit.aborted) throw managementError(call, { kind: 'timeout', afterMs: timeoutMs })
    throw error instanceof TypeError ? managementError(call, connectionFailure(error)) : error
  }
}

function readAnswer(
  call: ManagementCall,
  { status, text }: { readonly status: number; readonly text: string },
): unknown {
  const json = parsed(text)
  const isOwn = json !== undefined || text === ''
  // The plugin's own 404 is JSON; another server's is a page.
  if (status === 404 && isOwn) return undefined
  if (status >= 400) throw managementError(call, { kind: 'status', status, reason: reasonOf(json) })
  if (!isOwn) throw managementError(call, { kind: 'foreign' })
  return json ?? null
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // told by the caller, with the status
  }
}

function reasonOf(json: unknown): string {
  const { reason, error } = (json ?? {}) as { readonly reason?: unknown; readonly error?: unknown }
  if (Array.isArray(reason)) return reason.join(' ')
  return typeof reason === 'string' ? reason : typeof error === 'string' ? error : ''
}

/** `fetch` hides what happened one level down; of what is not HTTP it gives a name and no code. */
function connectionFailure(error: TypeError): ManagementFailure {
  const { name, code = name, message } = (error.cause instanceof Error ? error.cause : error) as NodeJS.ErrnoException
  return { kind: 'connection', code, message }
}

function parseUrl(text: string): Server {
  if (!URL.canParse(text)) throw invalid('it cannot be read')
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw invalid(`it begins with ${url.protocol}`)
  if (url.username === '') throw invalid('it names no user')
  const [user, password] = [decoded(url.username), decoded(url.password)]
  const path = url.pathname.replace(/\/+$/, '')
  return {
    call: { url, user },
    base: `${url.origin}${path}`,
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('a % in it is written %25')
  }
}

function invalid(why: string): PermanentError {
  const form = 'http://USER:PASSWORD@HOST:PORT or https:'
  return new PermanentError('ManagementUrlInvalid', `the URL of RabbitMQ’s management is ${form}, but ${why}`)
}
