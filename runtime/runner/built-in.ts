import type { MessageView, Scope } from '../../flow/expression/expression.ts'
import { truthy } from '../../flow/expression/truthy.ts'
import type { BuiltInPlanStep } from '../../flow/plan/plan.ts'
import { PermanentError } from '../error.ts'
import type { ActiveStep } from './active-plan.ts'
import type { Response } from './outcome.ts'

/** What a built-in makes of a message. */
export type BuiltInResult =
  | { readonly kind: 'same' }
  | { readonly kind: 'changed'; readonly message: MessageView }
  | { readonly kind: 'many'; readonly items: readonly unknown[] }
  | { readonly kind: 'filtered' }
  | { readonly kind: 'wait'; readonly notBefore: number }
  | { readonly kind: 'log'; readonly value: unknown }
  | { readonly kind: 'reply'; readonly reply: Response }

/**
 * Runs one built-in step on a message.
 *
 * @throws {ExpressionError} when one of its expressions fails
 * @throws {PermanentError} `EmptyResult`, `WaitInvalid`, `ResponseInvalid`, or the code of a `fail` step
 */
export async function runBuiltIn(
  step: ActiveStep,
  plan: BuiltInPlanStep,
  scope: Scope,
  nowMs: number,
): Promise<BuiltInResult> {
  switch (plan.kind) {
    case 'transform':
      return { kind: 'changed', message: await transformed(step, scope) }
    case 'set':
      return { kind: 'changed', message: { ...scope.message, data: await fieldsOf(step, 'set.', scope) } }
    case 'filter':
      return truthy(await valueOf(step, 'filter', scope)) ? { kind: 'same' } : { kind: 'filtered' }
    case 'split':
      return { kind: 'many', items: asList(await valueOf(step, 'split', scope)) }
    case 'wait':
      return { kind: 'wait', notBefore: waitsUntil(plan, await valueOf(step, 'until', scope), nowMs) }
    case 'log':
      return { kind: 'log', value: await valueOf(step, 'log', scope) }
    case 'fail':
      throw new PermanentError(plan.code, asText(await valueOf(step, 'message', scope)))
    case 'respond':
      return { kind: 'reply', reply: await response(step, scope) }
  }
}

/** @throws {PermanentError} `EmptyResult` when a `map` or `transform` yields nothing */
export function dataOrEmptyResult(value: unknown, place: string): unknown {
  if (value !== undefined) return value
  throw new PermanentError('EmptyResult', `${place} gave nothing; to drop a message use a filter`)
}

function valueOf(step: ActiveStep, place: string, scope: Scope): unknown {
  return step.expressions.get(place)?.evaluate(scope)
}

async function transformed(step: ActiveStep, scope: Scope): Promise<MessageView> {
  const data = dataOrEmptyResult(await valueOf(step, 'transform', scope), 'transform')
  const metadata = await valueOf(step, 'transformMetadata', scope)
  if (metadata === undefined) return { ...scope.message, data }
  if (!isRecord(metadata)) throw new PermanentError('EmptyResult', 'transformMetadata must give an object')
  return { ...scope.message, data, metadata }
}

async function fieldsOf(step: ActiveStep, prefix: string, scope: Scope): Promise<Record<string, unknown>> {
  const fields: [string, unknown][] = []
  for (const [place, expression] of step.expressions) {
    if (!place.startsWith(prefix)) continue
    const value = await expression.evaluate(scope)
    if (value !== undefined) fields.push([place.slice(prefix.length), value])
  }
  return Object.fromEntries(fields)
}

function asList(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'the step failed on purpose')
}

function waitsUntil(plan: { readonly seconds?: number }, until: unknown, nowMs: number): number {
  if (plan.seconds !== undefined) return nowMs + plan.seconds * 1000
  const at = typeof until === 'number' ? until : Date.parse(String(until))
  if (Number.isFinite(at)) return at
  throw new PermanentError('WaitInvalid', 'wait.until must give an ISO 8601 time or milliseconds since 1970')
}

async function response(step: ActiveStep, scope: Scope): Promise<Response> {
  const status = step.expressions.has('status') ? await valueOf(step, 'status', scope) : 200
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    throw new PermanentError('ResponseInvalid', 'respond.status must give a whole number from 200 to 599')
  }
  const headers = Object.entries(await fieldsOf(step, 'headers.', scope)).map(([name, value]) => [name, asText(value)])
  const body = step.expressions.has('body') ? await valueOf(step, 'body', scope) : scope.message.data
  return { status, headers: Object.fromEntries(headers) as Record<string, string>, body }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
