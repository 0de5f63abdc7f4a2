import type { ErrorObject } from 'ajv'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { compileSchema, type CompiledSchema } from '../../flow/schema/compile-schema.ts'
import type { Checked } from './decide/answer.ts'
import { ok, problem, refused } from './decide/answer.ts'

const mostErrors = 20

/** Judges a body by the JSON Schema of its trigger, however long that takes; a schema is compiled when it is first needed. */
export function checkBody(schema: JsonObject, body: unknown): Checked<undefined> {
  const compiled = compileSchema(schema)
  return compiled.kind === 'unusable' ? unusableSchema(compiled.message) : answerOfErrors(compiled, body)
}

export function answerOfErrors(schema: Extract<CompiledSchema, { kind: 'usable' }>, body: unknown): Checked<undefined> {
  // Without a body there is nothing that could fit.
  const found = errorsOf(schema, body === undefined ? null : body)
  if (found === 'endless') return unusableSchema('it refers to itself without end, or too deep')
  if (found.length === 0) return ok(undefined)
  const errors = found.slice(0, mostErrors).map(toMember)
  const detail = 'the body does not fit the schema of the webhook'
  return refused(problem({ status: 422, code: 'SchemaViolation', detail, members: { errors } }))
}

/** Lint refuses most of such schemas: they are met in a plan of an older compiler. */
export function unusableSchema(message: string): Checked<undefined> {
  const detail = `the schema of the webhook cannot be used: ${message}`
  return refused(problem({ status: 500, code: 'InvalidSchema', detail }))
}

function errorsOf(
  schema: Extract<CompiledSchema, { kind: 'usable' }>,
  value: unknown,
): readonly ErrorObject[] | 'endless' {
  try {
    return schema.errorsOf(value)
  } catch (error) {
    if (error instanceof RangeError) return 'endless' // the stack is full
    throw error
  }
}

function toMember({ instancePath, message, params, keyword }: ErrorObject): Readonly<Record<string, string>> {
  const property: unknown = keyword === 'additionalProperties' ? params['additionalProperty'] : undefined
  const suffix = typeof property === 'string' ? `: ${property}` : ''
  return { path: instancePath === '' ? '/' : instancePath, message: `${message ?? keyword}${suffix}` }
}
