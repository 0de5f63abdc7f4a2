import { isJsonObject } from '../v1alpha1/meta.ts'
import type { Problem } from './problem.ts'
import { lineOf, propertiesOf, type SchemaNode } from './schema-node.ts'

/** Of the fields that every Kubernetes object has, a schema may narrow only the name. */
export function metadataProblems(node: SchemaNode): Problem[] {
  const { schema, path, parent } = node
  if (!isResource(node)) return []
  const { kind, apiVersion, metadata } = propertiesOf(schema)
  const messages = [
    ...Object.entries({ kind, apiVersion })
      .filter(([, property]) => isJsonObject(property) && property['type'] !== 'string')
      .map(([name]) => `${name} must be a string`),
    ...(isJsonObject(metadata) && metadata['type'] !== 'object' ? ['metadata must be an object'] : []),
    ...(parent === undefined && isJsonObject(metadata) && !isNarrow(metadata)
      ? ['metadata must not specify anything but name and generateName']
      : []),
    ...(lineOf(node).some(isResourceMeta) ? ['an embedded resource must not stand in the metadata of another'] : []),
  ]
  return messages.map((message) => ({ path, message }))
}

function isResource({ schema, parent }: SchemaNode): boolean {
  return parent === undefined || schema['x-kubernetes-embedded-resource'] === true
}

/** Whether this is the apiVersion, kind or metadata of a resource. */
export function isResourceMeta({ name, parent }: SchemaNode): boolean {
  return parent !== undefined && isResource(parent) && ['apiVersion', 'kind', 'metadata'].includes(name ?? '')
}

function isNarrow(metadata: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(propertiesOf(metadata))
  const keywords = Object.keys(metadata).filter((keyword) => keyword !== 'type' && keyword !== 'properties')
  return keywords.length === 0 && names.every((name) => name === 'name' || name === 'generateName')
}
