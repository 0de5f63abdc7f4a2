import { isJsonObject } from '../../crds/v1alpha1/meta.ts'
import { boundDrafts, toFinding, type Draft } from '../finding/draft.ts'
import type { FindingCode } from '../finding/codes.ts'
import type { Finding } from '../finding/finding.ts'
import { identify, type ResourceKind } from './identify.ts'
import { schemaErrors } from './kind-schema.ts'
import type { BrokenManifest, Manifest } from './manifest.ts'
import { schemaDrafts } from './schema-drafts.ts'
import { withoutMistakes } from './without-mistakes.ts'
import type { YamlObject, YamlRecord } from './yaml-objects.ts'

/** What became of one object of a file. */
export type Judged =
  | { readonly kind: 'foreign'; readonly label: string }
  | { readonly kind: 'mistaken'; readonly findings: readonly Finding[] }
  | { readonly kind: 'whole'; readonly manifest: Manifest; readonly findings: readonly Finding[] }
  | {
      readonly kind: 'broken'
      readonly broken: BrokenManifest
      readonly at: YamlObject
      readonly findings: readonly Finding[]
    }

const maxFlowSize = 256 * 1024

/** Whose the object is, and whether its form is right. */
export function judge(object: YamlObject): Judged {
  const identity = identify(object.value)
  switch (identity.kind) {
    case 'foreign':
      // What is not ours may be written as it likes, but a torn document is not known to be another's.
      return object.isTorn ? { kind: 'mistaken', findings: object.mistakes } : identity
    case 'mistaken':
      return { kind: 'mistaken', findings: object.isTorn ? object.mistakes : [toFinding(identity.draft, object)] }
    case 'ours':
      return judgeForm(identity.resource, object)
  }
}

/** Mistakes of YAML in spite of which every value is there. */
const mistakesWithValue: ReadonlySet<string> = new Set<FindingCode>(['DuplicateKey', 'YamlBoolean'])

function judgeForm(kind: ResourceKind, object: YamlObject): Judged {
  const { value } = object
  const name = isJsonObject(value['metadata']) ? value['metadata']['name'] : undefined
  const id = { kind, namespace: namespaceOf(value, object), name: typeof name === 'string' ? name : '' }
  // Behind other mistakes of YAML values are missing, which the schema would complain of again.
  if (object.isTorn || object.mistakes.some(({ code }) => !mistakesWithValue.has(code)))
    return { kind: 'broken', broken: { ...id, mistakes: [] }, at: object, findings: object.mistakes }
  const errors = schemaErrors(kind, value)
  const drafts = [...sizeDrafts(kind, object), ...schemaDrafts(kind, value, errors)]
  if (drafts.length === 0 && object.mistakes.every(({ severity }) => severity === 'warning'))
    return { kind: 'whole', manifest: manifestOf(kind, value, object), findings: object.mistakes }
  const salvage = withoutMistakes(kind, value, errors)
  const broken: BrokenManifest = {
    ...id,
    ...(salvage === undefined ? {} : { rest: manifestOf(kind, salvage.rest, object) }),
    mistakes: salvage?.mistakes ?? [],
  }
  return { kind: 'broken', broken, at: object, findings: findingsOf(object, drafts) }
}

/** Of a word that is wrong anyway it is not told, too, how kubectl reads it. */
function findingsOf(object: YamlObject, drafts: readonly Draft[]): readonly Finding[] {
  const found = boundDrafts(drafts).map((draft) => toFinding(draft, object))
  const places = new Set(found.map(({ path }) => path))
  return [...object.mistakes.filter(({ severity, path }) => severity === 'error' || !places.has(path)), ...found]
}

/** What a Flow weighs as Kubernetes counts it; only one whose text is large can be too large. */
function sizeDrafts(kind: ResourceKind, { value, size }: YamlObject): readonly Draft[] {
  if (kind !== 'Flow' || size <= maxFlowSize) return []
  const weight = JSON.stringify(value).length
  if (weight <= maxFlowSize) return []
  const message = `the flow has ${Math.ceil(weight / 1024)} KiB, and ${maxFlowSize / 1024} KiB are the most: split it`
  return [{ code: 'FlowTooLarge', path: [], message }]
}

function manifestOf(kind: ResourceKind, value: YamlRecord, object: YamlObject): Manifest {
  const metadata = isJsonObject(value['metadata']) ? value['metadata'] : {}
  const placed =
    kind === 'ClusterComponent' ? value : { ...value, metadata: { ...metadata, namespace: namespaceOf(value, object) } }
  // The kind's schema has judged it.
  return { file: object.file, object: placed as unknown as Manifest['object'], positionOf: object.positionOf }
}

function namespaceOf({ kind, metadata }: YamlRecord, object: YamlObject): string {
  const namespace = isJsonObject(metadata) ? metadata['namespace'] : undefined
  if (kind === 'ClusterComponent') return ''
  return typeof namespace === 'string' && namespace !== '' ? namespace : object.namespace
}
