import { Ajv, type ErrorObject } from 'ajv'
import { RE2JS } from 're2js'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { isRecord } from '../manifest/yaml-objects.ts'

/** A component's schema, ready to judge with; or why it cannot. */
export type ConfigSchema =
  | { readonly kind: 'usable'; readonly errorsOf: (config: unknown) => readonly ErrorObject[] }
  | { readonly kind: 'unusable'; readonly message: string }

const compiled = new WeakMap<JsonObject, ConfigSchema>()

/** Compiles a schema of any draft once, leaving out what only other drafts say. */
export function configSchema(schema: JsonObject): ConfigSchema {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const result = compileSchema(schema)
  compiled.set(schema, result)
  return result
}

function compileSchema(schema: JsonObject): ConfigSchema {
  try {
    // One each: two components may use the same $id.
    const ajv = new Ajv({
      allErrors: true,
      verbose: true,
      strict: false,
      validateSchema: false,
      validateFormats: false,
      logger: false,
      code: { regExp: linearRegExp },
    })
    const validate = ajv.compile(asDraft7(schema, 0) as JsonObject)
    return { kind: 'usable', errorsOf: (config) => (validate(config) ? [] : (validate.errors ?? [])) }
  } catch (error) {
    return { kind: 'unusable', message: error instanceof Error ? error.message : String(error) }
  }
}

/** Patterns come from whoever wrote the component, so they must not be able to hang the lint. */
const linearRegExp = Object.assign(
  (pattern: string): { readonly test: (text: string) => boolean } => {
    try {
      const regExp = RE2JS.compile(pattern)
      return { test: (text) => regExp.matcher(text).find() }
    } catch {
      // Look-around has no linear form: such a pattern is not judged.
      return { test: () => true }
    }
  },
  { code: 'linearRegExp' }, // Generated code would refer to it by this name.
)

const types: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'])
const maxDepth = 50

/** Drafts 3 and 4, and what elastic.io's descriptors add, in words that draft 7 has. */
function asDraft7(schema: unknown, depth: number): unknown {
  if (depth > maxDepth) throw new Error(`it is nested more than ${maxDepth} levels deep`)
  if (Array.isArray(schema)) return schema.map((entry) => asDraft7(entry, depth + 1))
  if (!isRecord(schema)) return schema
  const entries = Object.entries(schema).flatMap(([keyword, value]) => entriesOf(keyword, value, schema, depth))
  return Object.fromEntries(entries)
}

type Entries = readonly (readonly [string, unknown])[]

function entriesOf(keyword: string, value: unknown, schema: Readonly<Record<string, unknown>>, depth: number): Entries {
  if (isForeign(keyword, value)) return []
  // What instances hold is no schema.
  if (keyword === 'enum' || keyword === 'const' || keyword === 'default' || keyword === 'examples')
    return [[keyword, value]]
  if (isMapOfSchemas(keyword, value))
    return [[keyword, Object.fromEntries(Object.entries(value).map(([name, of]) => [name, asDraft7(of, depth + 1)]))]]
  const limit = exclusiveLimits[keyword]
  if (limit !== undefined && typeof value === 'boolean') return value ? [[keyword, schema[limit]]] : []
  return [[keyword, asDraft7(value, depth + 1)]]
}

const exclusiveLimits: Readonly<Record<string, string>> = { exclusiveMinimum: 'minimum', exclusiveMaximum: 'maximum' }

function isForeign(keyword: string, value: unknown): boolean {
  switch (keyword) {
    case '$schema':
    case 'id':
    case '$id':
      return typeof value === 'string'
    case 'required':
      return !Array.isArray(value)
    case 'type':
      return !(Array.isArray(value) ? value : [value]).every((type) => types.has(type))
    default:
      return false
  }
}

const mapsOfSchemas: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'definitions', '$defs'])

function isMapOfSchemas(keyword: string, value: unknown): value is Readonly<Record<string, unknown>> {
  return mapsOfSchemas.has(keyword) && isRecord(value)
}
