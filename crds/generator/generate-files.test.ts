import { isJsonObject } from '../v1alpha1/meta.ts'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { JsonSchema } from '../structural/json-schema.ts'
import { generateFiles } from './generate-files.ts'

const folder = join(import.meta.dirname, '..', 'generated')

interface Definition {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly scope: string
    readonly names: {
      readonly kind: string
      readonly categories: string[]
      readonly shortNames: string[]
      readonly singular: string
      readonly listKind: string
    }
    readonly versions: readonly {
      readonly subresources?: JsonSchema
      readonly additionalPrinterColumns: readonly { readonly name: string; readonly jsonPath: string }[]
      readonly schema: { readonly openAPIV3Schema: JsonSchema }
    }[]
  }
}

let files: Map<string, string>
let seconds: number

beforeAll(() => {
  const startedAt = performance.now()
  files = generateFiles()
  seconds = (performance.now() - startedAt) / 1000
})

function definitions(): Definition[] {
  const texts = [...files].filter(([name]) => name.endsWith('.yaml')).map(([, text]) => text)
  return texts.map((text) => parseAllDocuments(text)[0]!.toJS() as Definition)
}

function describeFields(schema: JsonSchema, path: string): string[] {
  const properties = Object.entries(isJsonObject(schema['properties']) ? schema['properties'] : {}) as [
    string,
    JsonSchema,
  ][]
  const below = [schema['items'], schema['additionalProperties']].filter(isJsonObject)
  return [
    ...properties.filter(([, field]) => typeof field['description'] !== 'string').map(([name]) => `${path}.${name}`),
    ...properties.flatMap(([name, field]) => describeFields(field, `${path}.${name}`)),
    ...below.flatMap((schemaBelow) => describeFields(schemaBelow, `${path}[]`)),
  ]
}

describe('what is generated', () => {
  it('is what stands in crds/generated: otherwise run "npm run generate"', () => {
    const committed = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
    expect([...committed.keys()].toSorted()).toEqual([...files.keys()].toSorted())
    for (const [name, text] of files) expect(committed.get(name), name).toBe(text)
  })

  it('is the same bytes every time', () => {
    expect([...generateFiles()]).toEqual([...files])
  })

  it('is there in less than twenty seconds', () => {
    expect(seconds).toBeLessThan(20)
  })
})

describe('a CustomResourceDefinition', () => {
  it('exists for every kind of ours, and for no other', () => {
    expect(definitions().map(({ metadata, spec }) => [metadata.name, spec.scope, ...spec.names.shortNames])).toEqual([
      ['flows.weir.dev', 'Namespaced', 'fl'],
      ['components.weir.dev', 'Namespaced', 'comp'],
      ['clustercomponents.weir.dev', 'Cluster', 'ccomp'],
      ['credentials.weir.dev', 'Namespaced', 'cred'],
      ['apps.weir.dev', 'Namespaced', 'wapp'],
      ['flowrevisions.weir.dev', 'Namespaced', 'flrev'],
    ])
  })

  it('is listed by "kubectl get weir", under its own short names', () => {
    for (const { spec } of definitions()) expect(spec.names.categories).toEqual(['weir'])
    const shortNames = definitions().flatMap(({ spec }) => spec.names.shortNames)
    expect(new Set(shortNames).size).toBe(shortNames.length)
  })

  it('has a status subresource where the kind has a status', () => {
    const withStatus = definitions().filter(({ spec }) => spec.versions[0]!.subresources !== undefined)
    expect(withStatus.map(({ spec }) => spec.names.kind)).toEqual([
      'Flow',
      'Component',
      'ClusterComponent',
      'Credential',
      'App',
    ])
  })

  it('has columns, the age last, each of a field that the schema has', () => {
    for (const { spec } of definitions()) {
      const { additionalPrinterColumns: columns, schema } = spec.versions[0]!
      expect(columns.at(-1)?.name).toBe('Age')
      for (const { jsonPath } of columns)
        expect(hasField(schema.openAPIV3Schema, jsonPath), `${spec.names.kind} ${jsonPath}`).toBe(true)
    }
  })

  it('describes every field', () => {
    const undescribed = definitions().flatMap(({ spec }) =>
      describeFields(spec.versions[0]!.schema.openAPIV3Schema, spec.names.kind),
    )
    const everywhere = /^\w+\.(apiVersion|kind|metadata)$/
    expect(undescribed.filter((path) => !everywhere.test(path))).toEqual([])
  })

  it('keeps the names of flows and components short enough for labels of what is made from them', () => {
    for (const { spec } of definitions().slice(0, 3)) {
      expect(spec.versions[0]!.schema.openAPIV3Schema).toMatchObject({
        properties: {
          metadata: { properties: { name: { maxLength: 52, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' } } },
        },
      })
    }
  })

  it('takes at most 128 steps with 16 edges each: what CEL is allowed to cost', () => {
    expect(definitions()[0]?.spec.versions[0]!.schema.openAPIV3Schema).toMatchObject({
      properties: {
        spec: { properties: { steps: { maxItems: 128, items: { properties: { next: { maxItems: 16 } } } } } },
      },
    })
  })
})

/** Whether a column's path leads to a field; what Kubernetes itself has in metadata is taken for granted. */
function hasField(root: JsonSchema, jsonPath: string): boolean {
  if (jsonPath.startsWith('.metadata.')) return true
  const names = jsonPath.replaceAll(/\[[^\]]*\]/g, '[]').match(/[A-Za-z]+|\[\]/g) ?? []
  return (
    names.reduce<unknown>((at, name) => {
      if (!isJsonObject(at)) return undefined
      return name === '[]' ? at['items'] : isJsonObject(at['properties']) ? at['properties'][name] : undefined
    }, root) !== undefined
  )
}
