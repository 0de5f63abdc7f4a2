import { Ajv, type ErrorObject, type Options } from 'ajv'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { linearRegex } from '../expression/evaluate/regex-engine.ts'
import type { Path } from '../finding/finding.ts'
import { pointerPath } from '../finding/pointer-path.ts'

/** A JSON Schema of draft 7, ready to judge with; or why it cannot, and where in it that lies. */
export type CompiledSchema =
  | { readonly kind: 'usable'; readonly errorsOf: (value: unknown) => readonly ErrorObject[] }
  | { readonly kind: 'unusable'; readonly message: string; readonly path: Path }

const compiled = new WeakMap<JsonObject, CompiledSchema>()
/** What judges schemas. Compiled once for all of them: that takes longer than most schemas do. */
let draft7: Ajv | undefined

const options = (): Options => ({
  allErrors: true,
  verbose: true,
  strict: false,
  validateSchema: false, // told below, with the place
  validateFormats: false,
  logger: false,
  code: { regExp: linearPattern },
})

/**
 * Compiles a schema once: lint, which refuses it, and the gateway, which judges by it, agree on what a schema is.
 * `format` says something to people alone; patterns take time linear to the text, for they meet what strangers write.
 */
export function compileSchema(schema: JsonObject): CompiledSchema {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const result = compileAnew(schema)
  compiled.set(schema, result)
  return result
}

/** As `compileSchema`, and shares nothing with what was compiled before. */
export function compileAnew(schema: JsonObject): CompiledSchema {
  try {
    // One each, so that two schemas may have the same $id.
    const ajv = new Ajv({
      ...options(),
      inlineRefs: false, // A schema that refers to a part a thousand times is not a thousand times as large.
    })
    const meta = (draft7 ??= new Ajv(options()))
    const unread = unreadable(schema, (draft) => meta.getSchema(draft) !== undefined)
    if (unread !== undefined) return unread
    const mistake = meta.validateSchema(schema) === true ? undefined : meta.errors?.[0]
    meta.errors = null
    if (mistake !== undefined) return unfit(mistake, schema)
    const validate = ajv.compile(schema)
    return { kind: 'usable', errorsOf: (value) => (validate(value) ? [] : (validate.errors ?? [])) }
  } catch (error) {
    return { kind: 'unusable', message: error instanceof Error ? error.message : String(error), path: [] }
  }
}

/** What would be read as something else than it says. */
function unreadable(schema: JsonObject, isKnown: (draft: string) => boolean): CompiledSchema | undefined {
  const { $schema: draft, $async: async } = schema
  if (typeof draft === 'string' && !isKnown(draft)) {
    const message =
      '"$schema" names another draft than 7: remove it, or write "http://json-schema.org/draft-07/schema#"'
    return { kind: 'unusable', message, path: ['$schema'] }
  }
  // Ajv would answer with a promise, which is no answer here.
  return async === undefined ? undefined : { kind: 'unusable', message: 'remove "$async"', path: ['$async'] }
}

function unfit(
  { instancePath, keyword, params, message = 'is not right' }: ErrorObject,
  schema: JsonObject,
): CompiledSchema {
  const path = pointerPath(instancePath, schema)
  const allowed: unknown = keyword === 'enum' ? params['allowedValues'] : undefined
  const rest = Array.isArray(allowed) ? `must be one of ${allowed.join(', ')}` : message
  return { kind: 'unusable', message: `${path.length === 0 ? 'it' : `"${path.join('.')}"`} ${rest}`, path }
}

/** Whether a pattern of a schema can be judged in linear time. */
export function isLinearPattern(pattern: string): boolean {
  try {
    linearPattern(pattern)
    return true
  } catch {
    return false
  }
}

const linearPattern = Object.assign(
  (pattern: string): { readonly test: (text: string) => boolean } => {
    const regex = linearRegex(expressionOf(pattern))
    return { test: (text) => regex.find(text, 0) !== undefined }
  },
  { code: 'linearPattern' }, // Generated code would refer to it by this name.
)

/** Of a pattern that escapes more than it must only Unicode mode complains. */
function expressionOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    return new RegExp(pattern)
  }
}
