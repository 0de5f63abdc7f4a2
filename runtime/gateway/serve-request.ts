import type { IncomingMessage, ServerResponse } from 'node:http'
import { webhookMessage } from '../trigger/decide/first-message.ts'
import type { WebhookRequest } from '../trigger/decide/first-message.ts'
import type { Answer, Checked } from './decide/answer.ts'
import { jsonAnswer, problem } from './decide/answer.ts'
import { parseTarget } from './decide/request-target.ts'
import type { RouteMatch } from './decide/route-table.ts'
import type { GatewayCore, Hook, HookRequest } from './hook-request.ts'
import type { TakeBytes } from './read-body.ts'
import { receiveHook } from './receive-hook.ts'
import { runStatus } from './run-status.ts'
import { startHookRun } from './start-hook-run.ts'

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
  const [area, id = '', ...more] = target.segments
  if (area === 'hooks') {
    const headers = flatHeaders(request)
    return serveHook(core, { request, response, method, headers, ...target, arrivedAt: core.clock.now() })
  }
  if (area === 'runs' && more.length === 0) return readOnly(method, () => runStatus(core, id))
  return area === 'healthz' && id === '' ? readOnly(method, async () => health(core)) : notFound
}

async function serveHook(core: GatewayCore, request: HookRequest): Promise<Answer> {
  const [, namespace = '', ...path] = request.segments
  const match = core.routes().match(namespace, path, request.method)
  if (match.kind === 'none') return notFound
  if (match.kind === 'otherMethod') return otherMethod(request.method, match.allow)
  const hook = activeHook(core, match)
  if (hook === undefined) return notFound
  const { plan, webhook } = hook
  if (plan.flow.suspend || plan.flow.freeze) return suspended
  const isFull = core.load.inFlight >= core.limits.inFlight
  if (isFull || (webhook.reply === 'sync' && core.replies.size() >= core.limits.waiting)) return tooManyRequests
  const receive = (take: TakeBytes): Promise<Checked<WebhookRequest>> => receiveHook(core, hook, { request, take })
  const start = async (received: Checked<WebhookRequest>): Promise<Answer> =>
    received.kind === 'refused'
      ? received.answer
      : startHookRun(core, hook, { first: webhookMessage(hook.trigger, received.value), request })
  // Who waits for a response is counted as waiting, and holds no body.
  if (webhook.reply === 'sync') return start(await withinLoad(core, receive))
  return withinLoad(core, async (take) => start(await receive(take)))
}

async function withinLoad<Result>(
  { load, limits }: GatewayCore,
  task: (take: TakeBytes) => Promise<Result>,
): Promise<Result> {
  let taken = 0
  load.inFlight += 1
  try {
    return await task((count) => {
      taken += count
      load.bufferedBytes += count
      return load.bufferedBytes <= limits.bufferedBytes
    })
  } finally {
    load.inFlight -= 1
    load.bufferedBytes -= taken
  }
}

/** The webhook as the active plan has it now, or nothing when it is gone since the last refresh. */
function activeHook(core: GatewayCore, { route, params }: RouteMatch & { readonly kind: 'route' }): Hook | undefined {
  const plan = core.plans.active(route.flow)
  const trigger = plan?.triggers.find(({ name }) => name === route.trigger)
  const webhook = trigger?.spec.webhook
  return plan === undefined || trigger === undefined || webhook === undefined
    ? undefined
    : { plan, trigger, webhook, params }
}

/** A known path: HEAD and OPTIONS tell what is there, and start nothing. */
function otherMethod(method: string, allow: readonly string[]): Answer {
  const headers = { allow: [...new Set([...allow, 'HEAD', 'OPTIONS'])].join(', ') }
  if (method === 'OPTIONS') return { status: 204, headers }
  if (method === 'HEAD') return { status: 200, headers }
  return problem({ status: 405, code: 'MethodNotAllowed', detail: `use ${allow.join(' or ')} here`, headers })
}

async function readOnly(method: string, answer: () => Promise<Answer>): Promise<Answer> {
  if (method === 'GET' || method === 'HEAD') return answer()
  const headers = { allow: 'GET, HEAD, OPTIONS' }
  if (method === 'OPTIONS') return { status: 204, headers }
  return problem({ status: 405, code: 'MethodNotAllowed', detail: 'use GET here', headers })
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

const notFound = problem({ status: 404, code: 'NotFound', detail: 'there is no such webhook' })

const suspended = problem({
  status: 503,
  code: 'FlowSuspended',
  detail: 'the flow is suspended',
  headers: { 'retry-after': '60' },
})

const tooManyRequests = problem({
  status: 503,
  code: 'Busy',
  detail: 'too many requests are being served',
  headers: { 'retry-after': '1' },
})
