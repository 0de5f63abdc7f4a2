import type { Expression, Scope } from '../../flow/expression/expression.ts'
import { ExpressionError } from '../../flow/expression/expression.ts'
import { parseExpression } from '../../flow/expression/parse-expression.ts'
import type { Firing } from '../trigger/start-run.ts'
import type { Answer, RunPlace } from './decide/answer.ts'
import { jsonAnswer, statusUrl } from './decide/answer.ts'
import type { Hook } from './hook-request.ts'
import { longestMs, type Pace } from './pace.ts'

const compiled = new WeakMap<object, Expression>()

/**
 * What a webhook answers when it has taken the message over, or that it has to wait for its turn.
 *
 * @throws {ExpressionError} `accepted.body` fails for this message
 */
export async function acceptedAnswer(hook: Hook, firing: Firing, pace: Pace): Promise<Answer | Waiting> {
  const { webhook, plan, trigger } = hook
  const { status, body } = webhook.accepted
  const run = firing.run ?? ''
  const place = { namespace: plan.flow.namespace, run }
  if (body === undefined) return plainlyAccepted(status, place)
  const waiting = pace.refusalOf(hook)
  if (waiting !== undefined) return { waiting }
  const expression = compiled.get(webhook.accepted) ?? compile(body)
  compiled.set(webhook.accepted, expression)
  const scope: Scope = {
    message: firing.first.message,
    steps: {},
    trigger: firing.first.view,
    run: { id: run, startedAt: firing.startedAt ?? 0 },
    flow: plan.flow,
    step: { name: trigger.to },
  }
  const value = await pace.spend(hook, { task: () => expression.evaluate(scope), isTooSlow })
  const location = { location: statusUrl(place) }
  if (typeof value !== 'string') return jsonAnswer(status, value, location)
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...location }, body: value }
}

/** Nothing may be started. */
export interface Waiting {
  readonly waiting: Answer
}

function isTooSlow(outcome: unknown): boolean {
  return outcome instanceof ExpressionError && outcome.code === 'ExpressionTimedOut'
}

export function plainlyAccepted(status: number, place: RunPlace): Answer {
  return jsonAnswer(status, { run: place.run }, { location: statusUrl(place) })
}

function compile(source: string): Expression {
  const parsed = parseExpression(source, { timeMs: longestMs })
  if (parsed.kind === 'ok') return parsed.expression
  throw new ExpressionError('ExpressionFailed', parsed.message)
}
