import type { ErrorObject, ValidateFunction } from 'ajv'
import { Ajv } from 'ajv'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { Checked } from './decide/answer.ts'
import { ok, problem, refused } from './decide/answer.ts'
import { linearRegExp } from './linear-reg-exp.ts'

/** Judges bodies by the JSON Schemas of their triggers; a schema is compiled when it is first needed. */
export interface BodySchemas {
  readonly check: (schema: JsonObject, body: unknown) => Checked<undefined>
}

const mostErrors = 20

export function bodySchemas(): BodySchemas {
  const compiled = new WeakMap<JsonObject, ValidateFunction | Error>()
  const compile = (schema: JsonObject): ValidateFunction | Error => {
    const known = compiled.get(schema)
    if (known !== undefined) return known
    const result = compileSchema(schema)
    compiled.set(schema, result)
    return result
  }
  return {
    check: (schema, body) => {
      const validate = compile(schema)
      if (validate instanceof Error) {
        const detail = `the schema of the webhook cannot be used: ${validate.message}`
        return refused(problem({ status: 500, code: 'InvalidSchema', detail }))
      }
      // Without a body there is nothing that could fit.
      if (validate(body === undefined ? null : body)) return ok(undefined)
      const errors = (validate.errors ?? []).slice(0, mostErrors).map(toMember)
      const detail = 'the body does not fit the schema of the webhook'
      return refused(problem({ status: 422, code: 'SchemaViolation', detail, members: { errors } }))
    },
  }
}

function compileSchema(schema: JsonObject): ValidateFunction | Error {
  try {
    // One each, so that two schemas may have the same $id.
    const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false, code: { regExp: linearRegExp } })
    return ajv.compile(schema)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function toMember({ instancePath, message, params, keyword }: ErrorObject): Readonly<Record<string, string>> {
  const property: unknown = keyword === 'additionalProperties' ? params['additionalProperty'] : undefined
  const suffix = typeof property === 'string' ? `: ${property}` : ''
  return { path: instancePath === '' ? '/' : instancePath, message: `${message ?? keyword}${suffix}` }
}
