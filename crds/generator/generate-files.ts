import { join } from 'node:path'
import { stringify } from 'yaml'
import { customResourceDefinition } from './custom-resource-definition.ts'
import { kindSchemas, type KindSchemas } from './kind-schemas.ts'
import { readKinds, type KindSource } from './read-kinds.ts'

const root = join(import.meta.dirname, '..', '..')
const kinds = ['Flow', 'Component', 'ClusterComponent', 'Credential', 'App', 'FlowRevision', 'Secret']

/** Name to text of every file in `crds/generated`: always the same bytes for the same interfaces. */
export function generateFiles(): Map<string, string> {
  const sources = readKinds(join(root, 'crds/v1alpha1/*.ts'), join(root, 'tsconfig.json'), kinds)
  const all = sources.map((source) => ({ source, schemas: kindSchemas(source) }))
  const offline = Object.fromEntries(all.map(schemaEntry))
  const own = all.filter(({ source }) => source.apiVersion.includes('/'))
  return new Map([
    ...own.map((kind): [string, string] => [`${kind.source.resource.plural}.yaml`, definitionText(kind)]),
    ['schemas.json', `${JSON.stringify(offline, null, 1)}\n`],
  ])
}

interface GeneratedKind {
  readonly source: KindSource
  readonly schemas: KindSchemas
}

function schemaEntry({ source, schemas }: GeneratedKind): [string, unknown] {
  const { kind, apiVersion, resource } = source
  return [kind, { apiVersion, kind, ...resource, schema: schemas.offline }]
}

function definitionText({ source, schemas }: GeneratedKind): string {
  const definition = customResourceDefinition(source, schemas.structural)
  // Without anchors: some tools that read CRDs do not follow them.
  return `# Generated from crds/v1alpha1 by "npm run generate"; do not edit.\n${stringify(definition, { aliasDuplicateObjects: false, lineWidth: 120 })}`
}
