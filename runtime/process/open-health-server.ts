import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PermanentError } from '../error.ts'

/** What a kubelet and Prometheus ask a process. */
export interface HealthServer {
  readonly port: number
  /** Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface HealthServerParts {
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  /** What the port is set by, for whoever has to choose another; `WEIR_HTTP_PORT` when absent. */
  readonly portSetting?: string
  /** What keeps the process from its work now, each in a sentence; none means ready. Asked at every probe. */
  readonly troubles: () => readonly string[]
  readonly metrics: { readonly contentType: string; readonly text: () => Promise<string> }
}

/**
 * `/livez` answers 200 as long as the event loop turns, `/readyz` 200 or 503 with one line for each trouble, `/metrics` in Prometheus' text format.
 *
 * @throws {PermanentError} `PortUnusable` when the port cannot be listened on
 */
export async function openHealthServer(parts: HealthServerParts): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0]
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'only GET\n')
    if (path === '/livez') return answer(response, 200, 'ok\n')
    if (path === '/readyz') return answerReadiness(response, parts.troubles())
    if (path === '/metrics') return void answerMetrics(response, parts.metrics)
    return answer(response, 404, 'there are /livez, /readyz and /metrics\n')
  })
  server.listen(parts.port, parts.host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const { code = 'no reason given' } = cause as NodeJS.ErrnoException // what a server's `error` event carries
    const { host, port, portSetting = 'WEIR_HTTP_PORT' } = parts
    const message = `cannot listen on ${host}:${port} (${code}): set ${portSetting} to a free port, or 0 for any`
    throw new PermanentError('PortUnusable', message, { cause })
  }
  const { port } = server.address() as AddressInfo // it listens on TCP
  return {
    port,
    close: async () => {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function answerReadiness(response: ServerResponse, troubles: readonly string[]): void {
  if (troubles.length === 0) return answer(response, 200, 'ok\n')
  return answer(response, 503, troubles.map((trouble) => `${trouble}\n`).join(''))
}

async function answerMetrics(
  response: ServerResponse,
  { contentType, text }: HealthServerParts['metrics'],
): Promise<void> {
  try {
    answer(response, 200, await text(), contentType)
  } catch {
    answer(response, 500, 'metrics cannot be read\n')
  }
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body)
}
