import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { compileAnew, compileSchema, type CompiledSchema } from '../../flow/schema/compile-schema.ts'
import { answerOfErrors, unusableSchema } from './check-body.ts'
import type { Checked } from './decide/answer.ts'
import { ok, refused, unavailable } from './decide/answer.ts'
import { isCheap, schemaCost, type SchemaCost } from './decide/judging-cost.ts'
import type { Hook } from './hook-request.ts'
import { longestMs, type Pace } from './pace.ts'
import { withinTime, type InTime } from './within-time.ts'

/**
 * Judges a body by a schema that anybody may have written, for a process that has others to serve.
 *
 * @param bytes that the body was read from
 */
export type JudgeBody = (hook: Hook, body: unknown, bytes: number) => Checked<undefined>

/** Once for a schema, by code that may never have run before. */
const compiledMs = 500

interface Ready {
  readonly compiled: CompiledSchema
  readonly cost: SchemaCost
}

export function openBodyJudge(pace: Pace): JudgeBody {
  const ready = new WeakMap<JsonObject, Ready>()
  const readyOf = (hook: Hook, schema: JsonObject): Ready | undefined => {
    const known = ready.get(schema)
    if (known !== undefined) return known
    warmUp()
    const made = pace.spend(hook, {
      task: () => withinTime(compiledMs, () => ({ compiled: compileAnew(schema), cost: schemaCost(schema) })),
      isTooSlow,
      isOnce: true,
    })
    if (made.kind === 'tooSlow') return undefined
    ready.set(schema, made.value)
    return made.value
  }
  const judged = (hook: Hook, { compiled, cost }: Ready, [body, bytes]: Body): InTime<Checked<undefined>> => {
    if (compiled.kind === 'unusable') return { kind: 'done', value: unusableSchema(compiled.message) }
    const task = (): Checked<undefined> => answerOfErrors(compiled, body)
    if (isCheap(cost, bytes)) return { kind: 'done', value: task() }
    return pace.spend(hook, { task: () => withinTime(longestMs, task), isTooSlow })
  }
  return (hook, body, bytes) => {
    const { schema } = hook.webhook
    if (schema === undefined) return ok(undefined)
    const waiting = pace.refusalOf(hook)
    if (waiting !== undefined) return refused(waiting)
    const known = readyOf(hook, schema)
    const result = known && judged(hook, known, [body, bytes])
    if (result?.kind === 'done') return result.value
    ready.delete(schema) // it was ended in the midst of something
    return refused(pace.refusalOf(hook) ?? unavailable)
  }
}

type Body = readonly [unknown, number]

/** What is made once for all schemas must not be ended in the midst of it, nor be counted for the first of them. */
function warmUp(): void {
  compileSchema(simplest)
}

const simplest: JsonObject = { type: 'string', pattern: 'a' }

function isTooSlow(outcome: unknown): boolean {
  return (outcome as InTime<unknown> | undefined)?.kind === 'tooSlow' // or what was thrown
}
