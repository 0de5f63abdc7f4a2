import type { Logger } from 'pino'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { compileAnew, compileSchema, type CompiledSchema } from '../../flow/schema/compile-schema.ts'
import type { Clock } from '../clock.ts'
import { answerOfErrors, unusableSchema } from './check-body.ts'
import type { Answer, Checked } from './decide/answer.ts'
import { ok, problem, refused } from './decide/answer.ts'
import { isCheap, schemaCost, type SchemaCost } from './decide/judging-cost.ts'
import { openSlowHooks } from './decide/slow-hooks.ts'
import type { Hook } from './hook-request.ts'
import { withinTime, type InTime } from './within-time.ts'

/** Judges bodies by schemas that anybody may have written, for a process that has others to serve. */
export interface BodyJudge {
  /** The answer while nothing is judged for the hook, because it has taken too long. */
  readonly refusalOf: (hook: Hook) => Answer | undefined
  /** @param bytes that the body was read from */
  readonly judge: (hook: Hook, body: unknown, bytes: number) => Checked<undefined>
}

const judgedMs = 250
/** Once for a schema, by code that may never have run before. */
const compiledMs = 500

interface Ready {
  readonly compiled: CompiledSchema
  readonly cost: SchemaCost
}

export function openBodyJudge({ clock, log }: { readonly clock: Clock; readonly log: Logger }): BodyJudge {
  const ready = new WeakMap<JsonObject, Ready>()
  const slow = openSlowHooks()
  const refusalOf = (hook: Hook): Answer | undefined => {
    const waitMs = hook.webhook.schema === undefined ? undefined : slow.waitOf(keyOf(hook), clock.now())
    return waitMs === undefined ? undefined : tooSlow(hook, waitMs)
  }
  const timed = <Value>(hook: Hook, limitMs: number, task: () => Value): InTime<Value> => {
    const before = process.threadCpuUsage()
    const result = withinTime(limitMs, task)
    // Of the processor: what waits for one keeps nobody from it.
    const { user, system } = process.threadCpuUsage(before)
    const spentMs = (user + system) / 1000
    const isTooSlow = result.kind === 'tooSlow'
    const isOnce = limitMs === compiledMs && !isTooSlow
    if (!isOnce) slow.took(keyOf(hook), { spentMs, isTooSlow }, clock.now())
    if (isTooSlow)
      log.warn({ ...namesOf(hook), limitMs }, 'schema of a webhook takes too long, it is not judged by for a while')
    return result
  }
  const readyOf = (hook: Hook, schema: JsonObject): Ready | undefined => {
    const known = ready.get(schema)
    if (known !== undefined) return known
    warmUp()
    const made = timed(hook, compiledMs, () => ({ compiled: compileAnew(schema), cost: schemaCost(schema) }))
    if (made.kind === 'tooSlow') return undefined
    ready.set(schema, made.value)
    return made.value
  }
  const judgeBy = (schema: JsonObject, hook: Hook, [body, bytes]: readonly [unknown, number]): Checked<undefined> => {
    const waiting = refusalOf(hook)
    if (waiting !== undefined) return refused(waiting)
    const found = readyOf(hook, schema)
    if (found === undefined) return refused(refusalOf(hook) ?? tooSlow(hook, 0))
    const { compiled, cost } = found
    if (compiled.kind === 'unusable') return unusableSchema(compiled.message)
    const judged = isCheap(cost, bytes)
      ? ({ kind: 'done', value: answerOfErrors(compiled, body) } as const)
      : timed(hook, judgedMs, () => answerOfErrors(compiled, body))
    if (judged.kind === 'done') return judged.value
    ready.delete(schema) // it was ended in the midst of something
    return refused(refusalOf(hook) ?? tooSlow(hook, 0))
  }
  return {
    refusalOf,
    judge: (hook, body, bytes) => {
      const { schema } = hook.webhook
      return schema === undefined ? ok(undefined) : judgeBy(schema, hook, [body, bytes])
    },
  }
}

/** What is made once for all schemas must not be ended in the midst of it, nor be counted for the first of them. */
function warmUp(): void {
  compileSchema(simplest)
}

const simplest: JsonObject = { type: 'string', pattern: 'a' }

function keyOf({ plan, trigger }: Hook): string {
  return `${plan.flow.uid}/${trigger.name}`
}

function namesOf({ plan: { flow }, trigger }: Hook) {
  return { flow: flow.name, namespace: flow.namespace, trigger: trigger.name }
}

function tooSlow({ plan, trigger }: Hook, waitMs: number): Answer {
  return problem({
    status: 503,
    code: 'SchemaTooSlow',
    detail: `the schema of the trigger "${trigger.name}" of the flow "${plan.flow.name}" takes too long to judge bodies by: send smaller bodies, or write it with fewer $ref, patterns and without uniqueItems`,
    headers: { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) },
  })
}
