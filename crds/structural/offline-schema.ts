import { isJsonObject } from '../v1alpha1/meta.ts'
import type { JsonSchema } from './json-schema.ts'

/**
 * The JSON Schema, draft 7, that judges a manifest without an API server. Stricter than the structural one in one thing: an object takes
 * only the fields that are listed, unless it keeps unknown ones. Kubernetes' own keywords, formats and defaults are left out.
 */
export function offlineSchema(schema: JsonSchema): JsonSchema {
  const entries = Object.entries(schema).flatMap(([keyword, value]) => offlineKeyword(keyword, value))
  return { ...Object.fromEntries(entries), ...offlineTypes(schema), ...offlineLimits(schema), ...closing(schema) }
}

function offlineKeyword(keyword: string, value: unknown): [string, unknown][] {
  if (keyword.startsWith('x-kubernetes-') || rewritten.has(keyword)) return []
  if (keyword === 'properties' && isJsonObject(value)) {
    return [
      [keyword, Object.fromEntries(Object.entries(value).map(([name, property]) => [name, offlineValue(property)]))],
    ]
  }
  return [[keyword, keyword === 'items' || keyword === 'additionalProperties' ? offlineValue(value) : value]]
}

const rewritten = new Set(['format', 'default', 'nullable', 'exclusiveMinimum', 'exclusiveMaximum', 'type'])

function offlineValue(value: unknown): unknown {
  return isJsonObject(value) ? offlineSchema(value) : value
}

function offlineTypes(schema: JsonSchema): JsonSchema {
  const types = schema['x-kubernetes-int-or-string'] === true ? ['integer', 'string'] : [schema['type']].flat()
  const all = schema['nullable'] === true ? [...types, 'null'] : types
  if (all[0] === undefined) return {}
  return { type: all.length === 1 ? all[0] : all }
}

/** OpenAPI's boolean beside a limit is a limit of its own in JSON Schema. */
function offlineLimits({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): JsonSchema {
  return {
    ...(exclusiveMinimum === true ? { exclusiveMinimum: minimum } : {}),
    ...(exclusiveMaximum === true ? { exclusiveMaximum: maximum } : {}),
  }
}

function closing(schema: JsonSchema): JsonSchema {
  const isOpen = schema['additionalProperties'] !== undefined || schema['x-kubernetes-preserve-unknown-fields'] === true
  return schema['type'] === 'object' && !isOpen ? { additionalProperties: false } : {}
}
