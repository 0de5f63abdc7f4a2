import { isJsonObject } from '../v1alpha1/meta.ts'
import { propertyPath, type Problem } from './problem.ts'
import type { JsonSchema } from './json-schema.ts'

/** The schema with every `$ref` into its own `definitions` replaced by what it names; a circle or a dead end is a problem. */
export function inlineReferences(root: JsonSchema): { readonly schema: JsonSchema; readonly problems: Problem[] } {
  const problems: Problem[] = []
  const definitions = isJsonObject(root['definitions']) ? root['definitions'] : {}
  const schema = inlineIn(root, { path: '', open: [], definitions, problems })
  return { schema, problems }
}

interface Place {
  readonly path: string
  /** References being resolved on the way here. */
  readonly open: readonly string[]
  readonly definitions: Readonly<Record<string, unknown>>
  readonly problems: Problem[]
}

function inlineIn(schema: JsonSchema, place: Place): JsonSchema {
  if (schema['$ref'] !== undefined) return inlineTarget(schema, place)
  // What lies under a key that keeps unknown fields is nobody's business, and may well refer to itself (any JSON value).
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true
  const entries = Object.entries(
    withoutKeys(schema, isOpen ? ['definitions', 'additionalProperties'] : ['definitions']),
  )
  return Object.fromEntries(entries.map(([keyword, value]) => [keyword, inlineKeyword(keyword, value, place)]))
}

function inlineTarget(schema: JsonSchema, place: Place): JsonSchema {
  const reference = String(schema['$ref'])
  const target = place.definitions[decodeURIComponent(reference.replace(/^#\/definitions\//, ''))]
  const beside = withoutKeys(schema, ['$ref'])
  if (place.open.includes(reference)) {
    place.problems.push({
      path: place.path,
      message: 'the type contains itself; a schema cannot: keep unknown fields here, or list the levels',
    })
    return beside
  }
  if (!isJsonObject(target)) {
    place.problems.push({ path: place.path, message: `$ref ${reference} leads nowhere` })
    return beside
  }
  return { ...inlineIn(target, { ...place, open: [...place.open, reference] }), ...beside }
}

function inlineKeyword(keyword: string, value: unknown, place: Place): unknown {
  if (keyword === 'properties' && isJsonObject(value)) {
    const entries = Object.entries(value).map(([name, property]) => [
      name,
      inlineValue(property, { ...place, path: propertyPath(place.path, name) }),
    ])
    return Object.fromEntries(entries)
  }
  if (keyword === 'items') return inlineValue(value, { ...place, path: `${place.path}[]` })
  if (keyword === 'additionalProperties') return inlineValue(value, { ...place, path: `${place.path}{}` })
  if (['allOf', 'anyOf', 'oneOf'].includes(keyword) && Array.isArray(value))
    return value.map((branch) => inlineValue(branch, place))
  return keyword === 'not' ? inlineValue(value, place) : value
}

function inlineValue(value: unknown, place: Place): unknown {
  return isJsonObject(value) ? inlineIn(value, place) : value
}

function withoutKeys(schema: JsonSchema, keys: readonly string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)))
}
