import { isJsonObject } from '../v1alpha1/meta.ts'
import { createGenerator } from 'ts-json-schema-generator'
import type { JsonSchema } from '../structural/json-schema.ts'

/** A kind as its TypeScript interface tells it: names from the tags, JSON Schema from the fields. */
export interface KindSource {
  readonly kind: string
  readonly apiVersion: string
  readonly resource: ResourceNames
  readonly columns: readonly unknown[]
  readonly schema: JsonSchema
}

interface ResourceNames {
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly scope: 'Namespaced' | 'Cluster'
}

/** Tags that become keywords of the schema, beside those of JSON Schema itself. */
const extraTags = [
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
  'x-weir-resource',
  'x-weir-columns',
]

/** Reads the interfaces of these names from the files of a folder; the order is the order of the names. */
export function readKinds(glob: string, tsconfig: string, kinds: readonly string[]): KindSource[] {
  const generator = createGenerator({
    path: glob,
    tsconfig,
    expose: 'none',
    topRef: false,
    additionalProperties: true,
    jsDoc: 'extended',
    // The project's own compiler checks the types; this one only reads them.
    skipTypeCheck: true,
    encodeRefs: false,
    extraTags,
  })
  return kinds.map((kind) => kindSource(kind, generator.createSchema(kind) as JsonSchema))
}

function kindSource(kind: string, all: JsonSchema): KindSource {
  const { 'x-weir-resource': resource, 'x-weir-columns': columns, ...schema } = all
  if (!isResourceNames(resource))
    throw new Error(`${kind}: the tag @x-weir-resource must give plural, shortNames and scope`)
  return {
    kind,
    apiVersion: apiVersionOf(kind, schema),
    resource,
    columns: Array.isArray(columns) ? columns : [],
    schema,
  }
}

function isResourceNames(value: unknown): value is ResourceNames {
  return (
    isJsonObject(value) &&
    typeof value['plural'] === 'string' &&
    Array.isArray(value['shortNames']) &&
    typeof value['scope'] === 'string'
  )
}

function apiVersionOf(kind: string, schema: JsonSchema): string {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  const apiVersion = isJsonObject(properties['apiVersion']) ? properties['apiVersion']['const'] : undefined
  if (typeof apiVersion !== 'string') throw new Error(`${kind}: apiVersion must be one literal`)
  return apiVersion
}
