import { isObject, type JsonSchema, type StructuralSchema } from '../structural/structural-schema.ts'

/**
 * The JSON Schema that judges a manifest without an API server. Stricter than the structural one in one thing: an object takes only
 * the fields that are listed, unless it keeps unknown ones. Kubernetes' own keywords are left out.
 */
export function offlineSchema(schema: StructuralSchema): JsonSchema {
  const entries = Object.entries(schema).flatMap(([keyword, value]) => offlineKeyword(keyword, value))
  const offline = Object.fromEntries(entries)
  if (schema['x-kubernetes-int-or-string'] === true)
    return { ...offline, anyOf: [{ type: 'integer' }, { type: 'string' }] }
  const isClosed =
    schema.type === 'object' &&
    schema.additionalProperties === undefined &&
    schema['x-kubernetes-preserve-unknown-fields'] !== true
  return isClosed ? { ...offline, additionalProperties: false } : offline
}

function offlineKeyword(keyword: string, value: unknown): [string, unknown][] {
  if (keyword.startsWith('x-kubernetes-') || keyword === 'format' || keyword === 'default') return []
  if (keyword === 'properties' && isObject(value)) {
    const properties = Object.entries(value).map(([name, property]) => [
      name,
      offlineSchema(property as StructuralSchema),
    ])
    return [[keyword, Object.fromEntries(properties)]]
  }
  // A structural schema holds nothing else under these two keywords.
  if (keyword === 'items' || keyword === 'additionalProperties')
    return [[keyword, offlineSchema(value as StructuralSchema)]]
  return [[keyword, value]]
}
