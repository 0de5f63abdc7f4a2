import { isJsonObject } from '../v1alpha1/meta.ts'
import { propertyPath } from './problem.ts'
import type { Problem } from './problem.ts'
import type { JsonSchema } from './json-schema.ts'

/** A schema of the structure (not one inside `anyOf` and the like), and where it stands. */
export interface SchemaNode {
  readonly schema: JsonSchema
  /** As `spec.steps[].next[].to`; `{}` stands for a map's values. */
  readonly path: string
  /** Undefined for the root. */
  readonly parent?: SchemaNode
  /** How the parent holds it. */
  readonly as?: 'property' | 'items' | 'values'
  /** Of a property. */
  readonly name?: string
}

/** What is wrong at one node, whatever its children are. */
export type NodeRule = (node: SchemaNode) => Problem[]

/** The node and all below it, in the order of the schema. */
export function nodesFrom(node: SchemaNode): SchemaNode[] {
  return [node, ...childrenOf(node).flatMap(nodesFrom)]
}

/** From the node up to the root. */
export function lineOf(node: SchemaNode): SchemaNode[] {
  return node.parent === undefined ? [node] : [node, ...lineOf(node.parent)]
}

export function propertiesOf(schema: JsonSchema): Readonly<Record<string, unknown>> {
  return isJsonObject(schema['properties']) ? schema['properties'] : {}
}

function childrenOf(parent: SchemaNode): SchemaNode[] {
  const { items, additionalProperties } = parent.schema
  const children: SchemaNode[] = []
  for (const [name, schema] of Object.entries(propertiesOf(parent.schema))) {
    if (isJsonObject(schema))
      children.push({ schema, path: propertyPath(parent.path, name), parent, as: 'property', name })
  }
  if (isJsonObject(items)) children.push({ schema: items, path: `${parent.path}[]`, parent, as: 'items' })
  if (isJsonObject(additionalProperties)) {
    children.push({ schema: additionalProperties, path: `${parent.path}{}`, parent, as: 'values' })
  }
  return children
}
