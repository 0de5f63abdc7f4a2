import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PermanentError } from '../error.ts'
import type { Answer } from './decide/answer.ts'
import { problem } from './decide/answer.ts'
import type { Route } from './decide/route-table.ts'
import { routeTable } from './decide/route-table.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { defaultLimits } from './gateway-parts.ts'
import type { GatewayCore } from './hook-request.ts'
import { recentRuns } from './recent-runs.ts'
import { serveRequest } from './serve-request.ts'
import { openSyncReplies } from './sync-replies.ts'

/** Receives webhooks: `/hooks/<namespace>/<path>`, and beside them `/runs/<id>` and `/healthz`. */
export interface Gateway {
  readonly port: number
  /** Scheme, host and port. */
  readonly url: string
  /** The webhooks there are, with their URLs. */
  readonly hooks: () => readonly (Route & { readonly url: string })[]
  /** Flows have come, gone or changed. Suspension needs no refresh. */
  readonly refresh: () => void
  /** Takes no new requests, finishes those that are here; callers that still wait at the deadline are answered as after a time-out. Safe to repeat. */
  readonly close: (deadlineMs: number) => Promise<void>
}

export interface GatewayAddress {
  /** 0 takes any free one. */
  readonly port: number
  readonly host: string
}

const headersTimeoutMs = 15_000
const requestTimeoutMs = 60_000
const keepAliveMs = 65_000
/** For answers on their way when the deadline comes. */
const lastWordMs = 250

/** @throws {PermanentError} `PortInUse`, `PortNotAllowed` or `AddressNotUsable`: it cannot listen there */
export async function openGateway(parts: GatewayParts & GatewayAddress): Promise<Gateway> {
  const core = coreOf(parts)
  let routes = routeTable([])
  const refresh = (): void => {
    routes = routeTable(parts.plans.flows().flatMap((flow) => parts.plans.active(flow) ?? []))
  }
  refresh()
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      noDelay: true,
    },
    (request, response) => void answerRequest({ ...core, routes: () => routes }, request, response),
  )
  const port = await listen(server, parts)
  let closing: Promise<void> | undefined
  const host = parts.host.includes(':') ? `[${parts.host}]` : parts.host
  const url = `http://${host}:${port}`
  return {
    port,
    url,
    refresh,
    hooks: () => routes.routes.map((route) => ({ ...route, url: `${url}/hooks/${route.namespace}${route.path}` })),
    close: (deadlineMs) => (closing ??= closeGateway(core, server, deadlineMs)),
  }
}

function coreOf(parts: GatewayParts): Omit<GatewayCore, 'routes'> {
  return {
    ...parts,
    limits: { ...defaultLimits, ...parts.limits },
    replies: openSyncReplies(parts),
    recent: recentRuns(),
    load: { inFlight: 0, bufferedBytes: 0, isClosing: false },
  }
}

async function answerRequest(core: GatewayCore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    send(core, await serveRequest(core, request, response), response)
  } catch (err) {
    if (request.destroyed && !request.complete) return // its caller is gone
    core.log.error({ err }, 'request failed')
    send(core, problem({ status: 500, code: 'InternalError', detail: 'the request could not be served' }), response)
  }
}

function send(core: GatewayCore, { status, headers, body = '' }: Answer, response: ServerResponse): void {
  if (response.headersSent || response.destroyed) return
  if (core.load.isClosing) response.setHeader('connection', 'close')
  if (status === 204 || status === 304) {
    response.writeHead(status, headers)
    response.end()
    return
  }
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

async function listen(server: Server, { port, host, log }: GatewayParts & GatewayAddress): Promise<number> {
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

async function closeGateway(core: Omit<GatewayCore, 'routes'>, server: Server, deadlineMs: number): Promise<void> {
  core.load.isClosing = true
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeIdleConnections()
  const cancelRelease = core.clock.setTimer(deadlineMs, core.replies.releaseAll)
  const cancelEnd = core.clock.setTimer(deadlineMs + lastWordMs, () => server.closeAllConnections())
  await promise
  cancelRelease()
  cancelEnd()
  await core.replies.close()
}
