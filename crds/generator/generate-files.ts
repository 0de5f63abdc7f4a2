import { join } from 'node:path'
import { toStructural } from '../structural/to-structural.ts'
import { offlineSchema } from './offline-schema.ts'
import { readKinds, type KindSource } from './read-kinds.ts'

const root = join(import.meta.dirname, '..', '..')
const kinds = ['Flow', 'Component', 'ClusterComponent', 'Credential', 'App', 'FlowRevision', 'Secret']

/** Name to text of every file in `crds/generated`, the same bytes for the same interfaces. */
export function generateFiles(): Map<string, string> {
  const sources = readKinds(join(root, 'crds/v1alpha1/*.ts'), join(root, 'tsconfig.json'), kinds)
  return new Map([['schemas.json', `${JSON.stringify(Object.fromEntries(sources.map(schemaEntry)), null, 1)}\n`]])
}

function schemaEntry({ kind, apiVersion, resource, schema }: KindSource): [string, unknown] {
  return [kind, { apiVersion, kind, ...resource, schema: offlineSchema(toStructural(schema)) }]
}
