import type { WebhookRequest } from '../trigger/decide/first-message.ts'
import { webhookMessage } from '../trigger/decide/first-message.ts'
import type { TakeBytes } from './body-bytes.ts'
import type { Answer, Checked } from './decide/answer.ts'
import { notFound, ok, otherMethod, problem, refused } from './decide/answer.ts'
import type { RouteMatch } from './decide/route-table.ts'
import type { GatewayCore, Hook, HookRequest } from './hook-request.ts'
import { receiveHook } from './receive-hook.ts'
import { startHookRun } from './start-hook-run.ts'

/** Answers a request below `/hooks`. Rejects when its caller goes away while it is being read. */
export async function serveHook(core: GatewayCore, request: HookRequest): Promise<Answer> {
  const found = findHook(core, request)
  if (found.kind === 'refused') return found.answer
  const hook = found.value
  if (hook.plan.flow.suspend || hook.plan.flow.freeze) return suspended
  const isSync = hook.webhook.reply === 'sync'
  const { load } = core
  if (load.isFull(isSync)) return tooManyRequests

  const receive = (take: TakeBytes): Promise<Checked<WebhookRequest>> => receiveHook(core, hook, { request, take })
  const start = async (received: Checked<WebhookRequest>): Promise<Answer> =>
    received.kind === 'refused'
      ? received.answer
      : startHookRun(core, hook, { first: webhookMessage(hook.trigger, received.value), request })
  // Who waits for a response is counted as waiting, and holds no body.
  if (isSync) {
    const received = await load.receiving(receive)
    return load.waiting(() => start(received))
  }
  return load.receiving(async (take) => start(await receive(take)))
}

/** The webhook as the active plan has it now: since the last refresh it may be gone. */
function findHook(core: GatewayCore, { segments, method }: HookRequest): Checked<Hook> {
  const [, namespace = '', ...path] = segments
  const match = core.routes().match(namespace, path, method)
  if (match.kind === 'otherMethod') return refused(otherMethod(method, match.allow))
  const hook = match.kind === 'route' ? activeHook(core, match) : undefined
  return hook === undefined ? refused(notFound) : ok(hook)
}

function activeHook(core: GatewayCore, { route, params }: RouteMatch & { readonly kind: 'route' }): Hook | undefined {
  const plan = core.plans.active(route.flow)
  const trigger = plan?.triggers.find(({ name }) => name === route.trigger)
  const webhook = trigger?.spec.webhook
  return plan === undefined || trigger === undefined || webhook === undefined
    ? undefined
    : { plan, trigger, webhook, params }
}

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
