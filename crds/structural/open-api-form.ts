import { isJsonObject } from '../v1alpha1/meta.ts'
import type { JsonSchema } from './json-schema.ts'

/**
 * The same schema in OpenAPI's words, as far as that is a matter of spelling: `const` becomes an `enum` of one, a type or
 * branch `null` becomes `nullable`, an object without any field becomes a plain object, an int-or-string loses its types.
 * What only a person can decide (a union of objects, a tuple) stays, to be refused.
 */
export function openApiForm(schema: JsonSchema): JsonSchema {
  const spelled = [dropIdleWords, spellConst, spellNull, spellIntOrString, spellEmptyObject].reduce(
    (form, spell) => spell(form),
    schema,
  )
  return Object.fromEntries(Object.entries(spelled).map(([keyword, value]) => [keyword, descend(keyword, value)]))
}

function descend(keyword: string, value: unknown): unknown {
  if (keyword === 'properties' && isJsonObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, property]) => [name, formOf(property)]))
  }
  if (keyword === 'allOf' || keyword === 'anyOf' || keyword === 'oneOf')
    return Array.isArray(value) ? value.map(formOf) : value
  return keyword === 'items' || keyword === 'additionalProperties' || keyword === 'not' ? formOf(value) : value
}

function formOf(value: unknown): unknown {
  return isJsonObject(value) ? openApiForm(value) : value
}

/** Examples are words, and `additionalProperties: true` is what an API server does anyway. */
function dropIdleWords(schema: JsonSchema): JsonSchema {
  const { examples: _examples, ...rest } = schema
  const { additionalProperties: open, ...closed } = rest
  return open === true ? closed : rest
}

function spellConst(schema: JsonSchema): JsonSchema {
  if (!('const' in schema)) return schema
  const { const: value, ...rest } = schema
  return { ...rest, enum: [value] }
}

function spellNull(schema: JsonSchema): JsonSchema {
  const { type, anyOf } = schema
  if (Array.isArray(type) && type.includes('null')) {
    const types = type.filter((name) => name !== 'null')
    return { ...schema, type: types.length === 1 ? types[0] : types, nullable: true }
  }
  if (!Array.isArray(anyOf) || !anyOf.some(isNull)) return schema
  const { anyOf: _branches, ...rest } = schema
  const branches: unknown[] = anyOf.filter((branch) => !isNull(branch))
  const [only] = branches
  return branches.length === 1 && isJsonObject(only)
    ? { ...only, ...rest, nullable: true }
    : { ...rest, anyOf: branches, nullable: true }
}

function isNull(branch: unknown): boolean {
  return isJsonObject(branch) && branch['type'] === 'null'
}

function spellIntOrString(schema: JsonSchema): JsonSchema {
  if (schema['x-kubernetes-int-or-string'] !== true || !Array.isArray(schema['type'])) return schema
  const { type: _types, ...rest } = schema
  return rest
}

/** `Record<string, never>`: the field is there or not, and holds nothing. */
function spellEmptyObject(schema: JsonSchema): JsonSchema {
  const { additionalProperties, ...rest } = schema
  const isEmpty =
    isJsonObject(additionalProperties) &&
    isJsonObject(additionalProperties['not']) &&
    Object.keys(additionalProperties['not']).length === 0
  return isEmpty ? rest : schema
}
