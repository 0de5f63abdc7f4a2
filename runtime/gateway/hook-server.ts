import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import { PermanentError } from '../error.ts'
import type { Answer } from './decide/answer.ts'
import { problem } from './decide/answer.ts'
import type { Load } from './load.ts'
import type { Reception } from './serve-request.ts'
import { serveRequest } from './serve-request.ts'

/** Answers HTTP requests for webhooks: `/hooks/<namespace>/<path>`, and beside them `/runs/<namespace>/<id>` and `/healthz`. */
export interface HookServer {
  readonly port: number
  /** Scheme, host and port. */
  readonly url: string
  /**
   * Takes no new requests, and finishes those that are here. Safe to repeat.
   *
   * @param deadlineMs callers that wait for a response then are told by `releaseAll`, and a moment later whoever is left is cut off
   */
  readonly close: (deadlineMs: number) => Promise<void>
}

export interface GatewayAddress {
  /** 0 takes any free one. */
  readonly port: number
  readonly host: string
}

export interface HookServerParts extends GatewayAddress, Omit<Reception, 'load'> {
  readonly load: Load
  /** Callers that still wait are answered as after a time-out. */
  readonly releaseAll: () => void
  /** Told of each answer that is given. Must not throw. */
  readonly onAnswer?: (answer: Answered) => void
  readonly clock: Clock
  readonly log: Logger
}

export interface Answered {
  readonly status: number
  /** As the request has it: anybody's word. */
  readonly path: string
}

const headersTimeoutMs = 15_000
const requestTimeoutMs = 60_000
const keepAliveMs = 65_000
/** For answers on their way when the deadline comes. */
const lastWordMs = 250

/** @throws {PermanentError} `PortInUse`, `PortNotAllowed` or `AddressNotUsable`: it cannot listen there */
export async function openHookServer(parts: HookServerParts): Promise<HookServer> {
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      noDelay: true,
    },
    (request, response) => void answerRequest(parts, request, response),
  )
  const port = await listen(server, parts)
  let closing: Promise<void> | undefined
  const host = parts.host.includes(':') ? `[${parts.host}]` : parts.host
  return {
    port,
    url: `http://${host}:${port}`,
    close: (deadlineMs) => (closing ??= closeServer(parts, server, deadlineMs)),
  }
}

async function answerRequest(
  parts: HookServerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    send(parts, await serveRequest(parts, request, response), response)
  } catch (err) {
    if (request.destroyed && !request.complete) return // its caller is gone
    parts.log.error({ err }, 'request failed')
    send(parts, problem({ status: 500, code: 'InternalError', detail: 'the request could not be served' }), response)
  }
}

function send({ load, onAnswer }: HookServerParts, answer: Answer, response: ServerResponse): void {
  if (response.headersSent || response.destroyed) return
  const { status, headers } = answer
  const body = bodyOf(answer)
  if (load.isClosing()) response.setHeader('connection', 'close')
  response.writeHead(status, body === undefined ? headers : { ...headers, 'content-length': Buffer.byteLength(body) })
  // Not before: what cannot be written is answered otherwise.
  onAnswer?.({ status, path: response.req.url ?? '' })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

function bodyOf({ status, body = '' }: Answer): string | undefined {
  return status === 204 || status === 304 ? undefined : body
}

async function listen(server: Server, { port, host, log }: HookServerParts): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, { port, host })))
  server.listen(port, host, () => {
    server.removeAllListeners('error')
    server.on('error', (err) => log.warn({ err }, 'connection not accepted'))
    resolve((server.address() as AddressInfo).port) // it listens on TCP
  })
  return promise
}

function listenError(error: NodeJS.ErrnoException, { port, host }: GatewayAddress): PermanentError {
  const cause = { cause: error }
  if (error.code === 'EADDRINUSE') {
    return new PermanentError('PortInUse', `port ${port} is in use: stop what uses it, or choose another port`, cause)
  }
  if (error.code === 'EACCES') {
    return new PermanentError('PortNotAllowed', `port ${port} may not be used: choose one above 1023`, cause)
  }
  return new PermanentError('AddressNotUsable', `cannot listen on ${host} port ${port}`, cause)
}

async function closeServer(
  { load, clock, releaseAll }: HookServerParts,
  server: Server,
  deadlineMs: number,
): Promise<void> {
  load.close()
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeIdleConnections()
  const cancelRelease = clock.setTimer(deadlineMs, releaseAll)
  const cancelEnd = clock.setTimer(deadlineMs + lastWordMs, () => server.closeAllConnections())
  await promise
  cancelRelease()
  cancelEnd()
}
