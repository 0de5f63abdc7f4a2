import type { Problem } from './problem.ts'
import { propertiesOf, type SchemaNode } from './schema-node.ts'

const types: readonly unknown[] = ['object', 'array', 'string', 'number', 'integer', 'boolean']

/** Every place says its one type, the root is an object, a list says what it holds. */
export function typeProblems(node: SchemaNode): Problem[] {
  return messages(node).map((message) => ({ path: node.path, message }))
}

function messages(node: SchemaNode): string[] {
  const isIntOrString = node.schema['x-kubernetes-int-or-string'] === true
  return [
    ...typeNameMessages(node, isIntOrString),
    ...rootMessages(node),
    ...contentMessages(node),
    ...intOrStringMessages(node, isIntOrString),
  ]
}

function typeNameMessages({ schema }: SchemaNode, isIntOrString: boolean): string[] {
  const { type } = schema
  if (type === undefined) {
    const isTypeless = isIntOrString || schema['x-kubernetes-preserve-unknown-fields'] === true
    return isTypeless ? [] : [`type is required; ${untypedHint(schema)}`]
  }
  if (type === 'null') return ['type cannot be null: use nullable']
  if (Array.isArray(type)) return [`type must be one: ${type.join(' or ')} is several`]
  return types.includes(type) ? [] : [`type must be one of ${types.join(', ')}`]
}

function untypedHint(schema: SchemaNode['schema']): string {
  const isUnion = ['anyOf', 'oneOf', 'allOf'].some((keyword) => keyword in schema)
  return isUnion
    ? 'a union of types is none: write one object whose branches are optional fields, and a CEL rule'
    : 'any value at all is not a type'
}

function rootMessages({ schema, parent }: SchemaNode): string[] {
  if (parent !== undefined) return []
  return [
    ...(schema['type'] === 'object' ? [] : ['the root must be an object']),
    ...(schema['nullable'] === true ? ['the root cannot be nullable'] : []),
    ...(schema['additionalProperties'] === undefined ? [] : ['additionalProperties must not be used at the root']),
  ]
}

function contentMessages({ schema }: SchemaNode): string[] {
  const { type, items, properties, additionalProperties, required } = schema
  const names = Object.keys(propertiesOf(schema))
  const missing = Array.isArray(required) ? required.filter((name) => !names.includes(String(name))) : []
  return [
    ...(type === 'array' && items === undefined ? ['items must be specified'] : []),
    ...(type !== 'array' && items !== undefined ? ['items belong to an array'] : []),
    ...(type !== 'object' && (properties ?? additionalProperties) !== undefined
      ? ['properties belong to an object']
      : []),
    ...missing.map((name) => `${String(name)} is required but is not among the properties: it would be pruned`),
  ]
}

function intOrStringMessages({ schema }: SchemaNode, isIntOrString: boolean): string[] {
  if (!isIntOrString) return []
  const beside = ['type', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource']
  return beside
    .filter((keyword) => schema[keyword] !== undefined)
    .map((keyword) => `${keyword} must not stand beside x-kubernetes-int-or-string`)
}
