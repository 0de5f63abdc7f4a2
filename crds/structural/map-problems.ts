import { isJsonObject } from '../v1alpha1/meta.ts'
import type { Problem } from './problem.ts'
import { propertiesOf, type SchemaNode } from './schema-node.ts'

/** What an object with free keys, or a whole Kubernetes object inside another, may be. */
export function mapProblems(node: SchemaNode): Problem[] {
  return [...freeKeyMessages(node), ...mapTypeMessages(node), ...embeddedMessages(node)].map((message) => ({
    path: node.path,
    message,
  }))
}

function freeKeyMessages({ schema }: SchemaNode): string[] {
  const { additionalProperties } = schema
  if (additionalProperties === undefined) return []
  if (!isJsonObject(additionalProperties))
    return ['additionalProperties must be a schema: unknown fields are pruned anyway']
  return Object.keys(propertiesOf(schema)).length === 0
    ? []
    : ['additionalProperties and properties are mutually exclusive']
}

function mapTypeMessages({ schema }: SchemaNode): string[] {
  const mapType = schema['x-kubernetes-map-type']
  if (mapType === undefined) return []
  return [
    ...(schema['type'] === 'object' ? [] : ['x-kubernetes-map-type belongs to an object']),
    ...(mapType === 'atomic' || mapType === 'granular' ? [] : ['x-kubernetes-map-type must be atomic or granular']),
  ]
}

function embeddedMessages({ schema }: SchemaNode): string[] {
  if (schema['x-kubernetes-embedded-resource'] !== true) return []
  const isDescribed =
    Object.keys(propertiesOf(schema)).length > 0 || schema['x-kubernetes-preserve-unknown-fields'] === true
  return [
    ...(schema['type'] === 'object' ? [] : ['an embedded resource must be an object']),
    ...(schema['additionalProperties'] === undefined ? [] : ['an embedded resource cannot have additionalProperties']),
    ...(isDescribed ? [] : ['an embedded resource needs properties, or keeps unknown fields']),
  ]
}
