import { isJsonObject } from '../v1alpha1/meta.ts'
import { offlineSchema } from '../structural/offline-schema.ts'
import type { JsonSchema } from '../structural/json-schema.ts'
import { toStructural } from '../structural/to-structural.ts'
import type { KindSource } from './read-kinds.ts'

/** A kind's two schemas: the one that an API server takes, and the one that judges a manifest without it. */
export interface KindSchemas {
  readonly structural: JsonSchema
  readonly offline: JsonSchema
}

/**
 * An API server checks metadata by itself and lets a schema narrow the name alone; offline, all of it is checked.
 *
 * @throws {StructuralError} when the interface cannot be a resource
 */
export function kindSchemas({ schema }: KindSource): KindSchemas {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  const metadata = isJsonObject(properties['metadata']) ? properties['metadata'] : {}
  const structural: JsonSchema = toStructural({
    ...schema,
    properties: { ...properties, metadata: nameOnly(metadata) },
  })
  const wholeMetadata = toStructural({ definitions: schema['definitions'] ?? {}, ...metadata })
  const structuralProperties = isJsonObject(structural['properties']) ? structural['properties'] : {}
  return {
    structural,
    offline: offlineSchema({ ...structural, properties: { ...structuralProperties, metadata: wholeMetadata } }),
  }
}

function nameOnly(metadata: JsonSchema): JsonSchema {
  const { name } = isJsonObject(metadata['properties']) ? metadata['properties'] : {}
  return { type: 'object', properties: { name } }
}
