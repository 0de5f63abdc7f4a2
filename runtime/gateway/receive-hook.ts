import type { WebhookRequest } from '../trigger/decide/first-message.ts'
import { authenticate } from './authenticate.ts'
import type { TakeBytes } from './body-bytes.ts'
import type { Checked } from './decide/answer.ts'
import { ok, problem, refused, unavailable } from './decide/answer.ts'
import { parseBody } from './decide/parse-body.ts'
import { withoutParameter } from './decide/request-target.ts'
import { proofOf } from './decide/verify-caller.ts'
import type { GatewayCore, Hook, HookRequest } from './hook-request.ts'
import type { RawBody } from './read-body.ts'
import { readBody } from './read-body.ts'

/** Takes a request in, in the order that costs the least: who it is, whether there is room, what it says, whether that fits. */
export async function receiveHook(
  core: GatewayCore,
  hook: Hook,
  { request, take }: { readonly request: HookRequest; readonly take: TakeBytes },
): Promise<Checked<WebhookRequest>> {
  const caller = await authenticate(core, hook, request)
  if (caller.kind === 'refused') return caller
  const slow = core.pace.refusalOf(hook)
  if (slow !== undefined) return refused(slow)
  const room = await roomFor(core, hook)
  if (room.kind === 'refused') return room
  const body = await readBody(request.request, { maxBytes: hook.webhook.maxBodyBytes, take })
  if (body.kind === 'refused') return body
  const signature = caller.value(body.value.sent)
  if (signature.kind === 'refused') return signature
  const value = readValue(core, hook, { request, body: body.value })
  return value.kind === 'refused' ? value : ok(webhookRequest(hook, request, value.value))
}

async function roomFor({ gate, log }: GatewayCore, { plan, trigger }: Hook): Promise<Checked<undefined>> {
  try {
    if (gate === undefined || (await gate.hasRoom(trigger.queue))) return ok(undefined)
    return refused(flowBusy)
  } catch (err) {
    // A broker that does not say how full a queue is takes nothing either.
    log.warn({ flow: plan.flow.name, trigger: trigger.name, err }, 'message of a webhook not published')
    return refused(unavailable)
  }
}

function readValue(
  { judgeBody }: GatewayCore,
  hook: Hook,
  { request, body }: { readonly request: HookRequest; readonly body: RawBody },
): Checked<unknown> {
  const parsed = parseBody(request.headers['content-type'], body.content)
  if (parsed.kind !== 'body') {
    const status = parsed.kind === 'invalid' ? 400 : 415
    return refused(problem({ status, code: 'InvalidBody', detail: parsed.message }))
  }
  const fit = judgeBody(hook, parsed.value, body.content.length)
  return fit.kind === 'refused' ? fit : ok(parsed.value)
}

function webhookRequest({ webhook, params }: Hook, request: HookRequest, body: unknown): WebhookRequest {
  const proof = proofOf(webhook.auth)
  const without = (record: HookRequest['query'], name: string | undefined): HookRequest['query'] =>
    name === undefined ? record : Object.fromEntries(Object.entries(record).filter(([key]) => key !== name))
  const originalUrl = withoutProof(request.request.url ?? '/', proof.parameter)
  const [, , ...inFlow] = originalUrl
    .replace(/^https?:\/\/[^/?#]*/i, '')
    .split('/')
    .slice(1)
  const url = `/${inFlow.join('/')}`
  return {
    method: request.method,
    url,
    originalUrl,
    path: url.split('?')[0] ?? url,
    params,
    query: without(request.query, proof.parameter),
    headers: without(request.headers, proof.header) as Readonly<Record<string, string>>, // headers are strings
    ...(body !== undefined && { body }),
  }
}

function withoutProof(url: string, parameter: string | undefined): string {
  return parameter === undefined ? url : withoutParameter(url, parameter)
}

const flowBusy = problem({
  status: 429,
  code: 'FlowBusy',
  detail: 'too many messages of this flow are waiting',
  headers: { 'retry-after': '5' },
})
