import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './decide/answer.ts'
import { jsonAnswer, notFound, otherMethod, problem } from './decide/answer.ts'
import { parseTarget } from './decide/request-target.ts'
import type { GatewayCore, HookRequest } from './hook-request.ts'
import { runStatus } from './run-status.ts'
import { serveHook } from './serve-hook.ts'

/** What a request is answered with. Rejects when its caller goes away while it is being read. */
export async function serveRequest(
  core: GatewayCore,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer> {
  const { method = 'GET', url = '/' } = request
  if (method === 'OPTIONS' && url === '*') return { status: 204, headers: { allow: 'GET, HEAD, OPTIONS, POST' } }
  const target = parseTarget(url)
  if (target.kind === 'invalid') return problem({ status: 400, code: 'InvalidPath', detail: target.message })
  const area = areas.get(target.segments[0] ?? '')
  if (area === undefined) return notFound
  const headers = flatHeaders(request)
  return area(core, { request, response, method, headers, ...target, arrivedAt: core.clock.now() })
}

type Area = (core: GatewayCore, request: HookRequest) => Promise<Answer>

const areas: ReadonlyMap<string, Area> = new Map<string, Area>([
  ['hooks', serveHook],
  ['runs', (core, request) => readOnly(request, 2, () => runStatus(core, request.segments[1] ?? ''))],
  ['healthz', (core, request) => readOnly(request, 1, async () => health(core))],
])

async function readOnly(request: HookRequest, segments: number, answer: () => Promise<Answer>): Promise<Answer> {
  if (request.segments.length !== segments) return notFound
  return request.method === 'GET' || request.method === 'HEAD' ? answer() : otherMethod(request.method, ['GET'])
}

function health({ load }: GatewayCore): Answer {
  return load.isClosing ? jsonAnswer(503, { status: 'closing' }) : jsonAnswer(200, { status: 'ok' })
}

function flatHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  const entries = Object.entries(request.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : value,
  ])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Readonly<Record<string, string>> // filtered
}
