import { isJsonObject } from '../v1alpha1/meta.ts'
import type { Problem } from './problem.ts'
import { propertiesOf, type SchemaNode } from './schema-node.ts'
import type { JsonSchema } from './json-schema.ts'

const scalars: readonly unknown[] = ['string', 'number', 'integer', 'boolean']

/** How lists merge: every one says it, and can do what it says. */
export function listProblems(node: SchemaNode): Problem[] {
  return [...listTypeMessages(node.schema), ...mapKeyMessages(node.schema)].map((message) => ({
    path: node.path,
    message,
  }))
}

function listTypeMessages(schema: JsonSchema): string[] {
  const listType = schema['x-kubernetes-list-type']
  const items = isJsonObject(schema['items']) ? schema['items'] : {}
  if (listType === undefined)
    return schema['type'] === 'array' ? ['x-kubernetes-list-type is required: atomic, set or map'] : []
  if (schema['type'] !== 'array') return ['x-kubernetes-list-type belongs to an array']
  if (listType === 'atomic') return []
  if (listType !== 'set' && listType !== 'map') return ['x-kubernetes-list-type must be atomic, set or map']
  const nullable = items['nullable'] === true ? [`items of a list of type ${listType} cannot be nullable`] : []
  return listType === 'set'
    ? [...nullable, ...setItemMessages(items)]
    : [...nullable, ...mapItemMessages(schema, items)]
}

function setItemMessages(items: JsonSchema): string[] {
  if (items['type'] === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    return ['objects in a set must have x-kubernetes-map-type: atomic']
  }
  const innerType = items['x-kubernetes-list-type']
  const isSplit = items['type'] === 'array' && innerType !== undefined && innerType !== 'atomic'
  return isSplit ? ['lists in a set must be atomic'] : []
}

function mapItemMessages(schema: JsonSchema, items: JsonSchema): string[] {
  if (items['type'] !== 'object') return ['items of a list of type map must be objects']
  const keys = keysOf(schema)
  if (keys.length === 0) return ['x-kubernetes-list-map-keys must not be empty']
  return [
    ...(new Set(keys).size === keys.length ? [] : ['x-kubernetes-list-map-keys names a key twice']),
    ...keys.flatMap((key) => keyMessages(key, items)),
  ]
}

function keyMessages(key: string, items: JsonSchema): string[] {
  const property = propertiesOf(items)[key]
  if (!isJsonObject(property)) return [`the list's key ${key} is not a field of its items`]
  const isRequired = Array.isArray(items['required']) && items['required'].includes(key)
  return [
    ...(scalars.includes(property['type']) ? [] : [`the list's key ${key} must be a scalar`]),
    ...(isRequired || property['default'] !== undefined
      ? []
      : [`the list's key ${key} must be required or have a default`]),
    ...(property['nullable'] === true ? [`the list's key ${key} cannot be nullable`] : []),
  ]
}

function mapKeyMessages(schema: JsonSchema): string[] {
  const isStray = keysOf(schema).length > 0 && schema['x-kubernetes-list-type'] !== 'map'
  return isStray ? ['x-kubernetes-list-map-keys belong to a list of type map'] : []
}

function keysOf(schema: JsonSchema): string[] {
  const keys = schema['x-kubernetes-list-map-keys']
  return Array.isArray(keys) ? keys.map(String) : []
}
