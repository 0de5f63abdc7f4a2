import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { Answer } from './decide/answer.ts'
import { jsonAnswer, notFound, otherMethod, problem } from './decide/answer.ts'
import { parseTarget } from './decide/request-target.ts'
import type { HookRequest } from './hook-request.ts'
import type { Load } from './load.ts'
import type { Desk } from './open-desk.ts'

/** Who answers. */
export interface Reception {
  /** Of the flows of a namespace; or what there is to say in its place. */
  readonly deskOf: (namespace: string) => Desk | Answer
  readonly load: Pick<Load, 'isClosing'>
  readonly clock: Pick<Clock, 'now'>
}

/** What a request is answered with. Rejects when its caller goes away while it is being read. */
export async function serveRequest(
  reception: Reception,
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
  return area(reception, { request, response, method, headers, ...target, arrivedAt: reception.clock.now() })
}

type Area = (reception: Reception, request: HookRequest) => Promise<Answer>

const areas: ReadonlyMap<string, Area> = new Map<string, Area>([
  ['hooks', (reception, request) => atDesk(reception, request, (desk) => desk.serveHook(request))],
  [
    'runs',
    (reception, request) => readOnly(request, 3, () => atDesk(reception, request, (desk) => statusAt(desk, request))),
  ],
  ['healthz', ({ load }, request) => readOnly(request, 1, async () => health(load.isClosing()))],
])

async function atDesk(
  { deskOf }: Reception,
  { segments }: HookRequest,
  serve: (desk: Desk) => Promise<Answer>,
): Promise<Answer> {
  const desk = deskOf(segments[1] ?? '')
  return 'status' in desk ? desk : serve(desk)
}

function statusAt(desk: Desk, { segments: [, namespace = '', run = ''] }: HookRequest): Promise<Answer> {
  return desk.runStatus({ namespace, run })
}

async function readOnly(request: HookRequest, segments: number, answer: () => Promise<Answer>): Promise<Answer> {
  if (request.segments.length !== segments) return notFound
  return request.method === 'GET' || request.method === 'HEAD' ? answer() : otherMethod(request.method, ['GET'])
}

function health(isClosing: boolean): Answer {
  return isClosing ? jsonAnswer(503, { status: 'closing' }) : jsonAnswer(200, { status: 'ok' })
}

function flatHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  const entries = Object.entries(request.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : value,
  ])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Readonly<Record<string, string>> // filtered
}
