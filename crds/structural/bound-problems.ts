import type { Problem } from './problem.ts'
import type { SchemaNode } from './schema-node.ts'
import type { JsonSchema } from './json-schema.ts'

const boundedFormats: readonly unknown[] = ['date', 'date-time', 'duration']

/** Every string, list and map has a limit: the cost of a CEL rule is judged by it, and so is what one object may weigh. */
export function boundProblems(node: SchemaNode): Problem[] {
  const missing = missingBound(node.schema)
  return missing === undefined
    ? []
    : [{ path: node.path, message: `${missing} is required: nothing is without a bound` }]
}

function missingBound(schema: JsonSchema): string | undefined {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true && schema['type'] !== 'object')
    return 'type object with maxProperties'
  if (isText(schema)) return isBoundedText(schema) ? undefined : 'maxLength'
  if (schema['type'] === 'array') return schema['maxItems'] === undefined ? 'maxItems' : undefined
  const isMap = schema['additionalProperties'] !== undefined || schema['x-kubernetes-preserve-unknown-fields'] === true
  return isMap && schema['maxProperties'] === undefined ? 'maxProperties' : undefined
}

function isText(schema: JsonSchema): boolean {
  return schema['type'] === 'string' || schema['x-kubernetes-int-or-string'] === true
}

function isBoundedText(schema: JsonSchema): boolean {
  return schema['maxLength'] !== undefined || schema['enum'] !== undefined || boundedFormats.includes(schema['format'])
}
