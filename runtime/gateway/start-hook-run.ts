import { randomUUID } from 'node:crypto'
import { ExpressionError } from '../../flow/expression/expression.ts'
import { sleep } from '../clock.ts'
import { formatTraceparent, parseTraceparent } from '../tracing/decide/traceparent.ts'
import type { FirstMessage } from '../trigger/decide/first-message.ts'
import type { Firing, RunStart } from '../trigger/start-run.ts'
import { startRun } from '../trigger/start-run.ts'
import { freshId } from '../wire/message-id.ts'
import { acceptedAnswer, plainlyAccepted, type Waiting } from './accepted-answer.ts'
import type { Answer } from './decide/answer.ts'
import { answerOf, notFound, problem, statusUrl, unavailable } from './decide/answer.ts'
import type { GatewayCore, Hook, HookRequest } from './hook-request.ts'

export interface StartHookRun {
  readonly first: FirstMessage
  readonly request: HookRequest
}

/** Starts the run and answers: at once when the message is safe, or with what the flow responds. */
export async function startHookRun(core: GatewayCore, hook: Hook, { first, request }: StartHookRun): Promise<Answer> {
  // Not by the counter that other ids come from: the status URL must not be guessed from one's own.
  const run = randomUUID().replaceAll('-', '')
  const trace = parseTraceparent(request.headers['traceparent'] ?? '')
  const firing: Firing = {
    plan: hook.plan,
    trigger: hook.trigger,
    first,
    run,
    startedAt: request.arrivedAt,
    ...(trace !== undefined && { traceparent: formatTraceparent(trace) }),
  }
  return hook.webhook.reply === 'sync'
    ? answerSync(core, hook, { firing, request })
    : answerAccepted(core, hook, firing)
}

async function answerAccepted(core: GatewayCore, hook: Hook, firing: Firing): Promise<Answer> {
  let answer: Answer | Waiting
  try {
    answer = await acceptedAnswer(hook, firing, core.pace) // before the run: a failure has to leave nothing behind
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return problem({ status: 500, code: error.code, detail: `accepted.body failed: ${error.message}` })
  }
  return 'waiting' in answer ? answer.waiting : ((await failedStart(core, firing)) ?? answer)
}

async function answerSync(
  core: GatewayCore,
  { plan, webhook }: Hook,
  { firing, request }: { readonly firing: Firing; readonly request: HookRequest },
): Promise<Answer> {
  const { timeoutSeconds, onTimeout } = webhook.sync
  const run = firing.run ?? ''
  const place = { namespace: plan.flow.namespace, run }
  const replyTo = await core.replies
    .queue()
    .catch((err: unknown) => core.log.warn({ err }, 'replies cannot be received'))
  if (replyTo === undefined) return unavailable
  const spentMs = core.clock.now() - request.arrivedAt
  // Before the run: its reply may be faster than the broker's confirm.
  const waiting = core.replies.wait(run, Math.max(0, timeoutSeconds * 1000 - spentMs))
  request.response.once('close', waiting.release)
  const failed = await failedStart(core, { ...firing, replyTo })
  if (failed !== undefined) {
    waiting.release()
    return failed
  }
  const reply = await waiting.reply
  if (reply !== undefined) return answerOf(reply, place)
  if (onTimeout === 'accepted') return plainlyAccepted(202, place)
  const detail = `the flow did not respond within ${timeoutSeconds} s; the run goes on`
  return problem({
    status: 504,
    code: 'ResponseTimedOut',
    detail,
    members: { run },
    headers: { location: statusUrl(place) },
  })
}

/** Undefined when the run was started. */
async function failedStart(core: GatewayCore, firing: Firing): Promise<Answer | undefined> {
  try {
    const start = await startReachable(core, firing)
    if (start === undefined) return notFound
    return start.kind === 'started' ? undefined : unavailable
  } catch (err) {
    core.log.warn(
      { flow: firing.plan.flow.name, trigger: firing.trigger.name, err },
      'message of a webhook not published',
    )
    return unavailable
  }
}

const lookAgainMs = 250
const patienceMs = 5000

/** Tries for 5 s, with the flow as it is now: between an edit and the news of it, a queue may be gone. Undefined when the trigger is. */
async function startReachable(core: GatewayCore, firing: Firing): Promise<RunStart | undefined> {
  const onRun: typeof core.onRun = (run) => {
    core.recent.add(run)
    core.onRun?.(run)
  }
  const until = core.clock.now() + patienceMs
  for (;;) {
    const plan = core.plans.active(firing.plan.flow.uid)
    const trigger = plan?.triggers.find(({ name }) => name === firing.trigger.name)
    if (plan === undefined || trigger === undefined) return undefined
    const { broker, clock, tracer } = core
    const deps = { broker, clock, ids: { freshId }, onRun, ...(tracer !== undefined && { tracer }) }
    const start = await startRun(deps, { ...firing, plan, trigger })
    if (start.kind === 'started' || core.clock.now() >= until || core.load.isClosing()) return start
    await core.plans.refresh(plan.flow.uid).catch((err: unknown) => {
      core.log.warn({ flow: plan.flow.name, err }, 'flow not read anew, it will be tried again')
    })
    await sleep(core.clock, lookAgainMs)
  }
}
