import { isJsonObject, type JsonObject } from '../../crds/v1alpha1/meta.ts'
import { compileSchema, isLinearPattern, type CompiledSchema } from '../schema/compile-schema.ts'

const compiled = new WeakMap<JsonObject, CompiledSchema>()

/** Compiles a component's schema of any draft once, leaving out what only other drafts say, and patterns that cannot be judged. */
export function configSchema(schema: JsonObject): CompiledSchema {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const result = compileOfAnyDraft(schema)
  compiled.set(schema, result)
  return result
}

function compileOfAnyDraft(schema: JsonObject): CompiledSchema {
  try {
    return compileSchema(asDraft7(schema, 0) as JsonObject) // an object stays one
  } catch (error) {
    return { kind: 'unusable', message: error instanceof Error ? error.message : String(error), path: [] }
  }
}

const types: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'])
const maxDepth = 50

/** Drafts 3 and 4, and what elastic.io's descriptors add, in words that draft 7 has. */
function asDraft7(schema: unknown, depth: number): unknown {
  if (depth > maxDepth) throw new Error(`it is nested more than ${maxDepth} levels deep`)
  if (Array.isArray(schema)) return schema.map((entry) => asDraft7(entry, depth + 1))
  if (!isJsonObject(schema)) return schema
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
    case '$async':
      return true
    case 'pattern':
      return typeof value !== 'string' || !isLinearPattern(value)
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
  return mapsOfSchemas.has(keyword) && isJsonObject(value)
}
