import type { ErrorObject } from 'ajv'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { compileSchema } from '../../flow/schema/compile-schema.ts'
import type { Checked } from './decide/answer.ts'
import { ok, problem, refused } from './decide/answer.ts'

const mostErrors = 20

/** Judges a body by the JSON Schema of its trigger; a schema is compiled when it is first needed. */
export function checkBody(schema: JsonObject, body: unknown): Checked<undefined> {
  const compiled = compileSchema(schema)
  if (compiled.kind === 'unusable') {
    // Lint refuses such a schema: it is met in a plan of an older compiler alone.
    const detail = `the schema of the webhook cannot be used: ${compiled.message}`
    return refused(problem({ status: 500, code: 'InvalidSchema', detail }))
  }
  // Without a body there is nothing that could fit.
  const found = compiled.errorsOf(body === undefined ? null : body)
  if (found.length === 0) return ok(undefined)
  const errors = found.slice(0, mostErrors).map(toMember)
  const detail = 'the body does not fit the schema of the webhook'
  return refused(problem({ status: 422, code: 'SchemaViolation', detail, members: { errors } }))
}

function toMember({ instancePath, message, params, keyword }: ErrorObject): Readonly<Record<string, string>> {
  const property: unknown = keyword === 'additionalProperties' ? params['additionalProperty'] : undefined
  const suffix = typeof property === 'string' ? `: ${property}` : ''
  return { path: instancePath === '' ? '/' : instancePath, message: `${message ?? keyword}${suffix}` }
}
