import { isKindName, kinds } from '../../crds/schema-of.ts'
import type { Draft } from '../finding/draft.ts'
import { listed, nearestOf, quoted } from '../finding/suggest.ts'
import type { Resource } from './manifest.ts'

/** Kinds that a user writes; a FlowRevision is the operator's. */
export type ResourceKind = Resource['kind']

/** Whose an object is. */
type Identity =
  | { readonly kind: 'ours'; readonly resource: ResourceKind }
  | { readonly kind: 'foreign'; readonly label: string }
  | { readonly kind: 'mistaken'; readonly draft: Draft }

const group = 'weir.dev'
const ours: ReadonlySet<string> = new Set<ResourceKind>([
  'Flow',
  'Component',
  'ClusterComponent',
  'Credential',
  'App',
  'Secret',
])
const apiVersions = new Map(kinds.map(({ kind, apiVersion }) => [kind as string, apiVersion]))

/** Tells our kinds from others by `apiVersion` and `kind`, and near misses from both. */
export function identify(object: Readonly<Record<string, unknown>>): Identity {
  const { apiVersion, kind } = object
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') return identifyWithoutBoth(object)
  const isWeirs = apiVersion === group || apiVersion.startsWith(`${group}/`)
  if (!isKindName(kind)) return isWeirs ? unknownKind(kind) : { kind: 'foreign', label: `${apiVersion}/${kind}` }
  if (apiVersion === apiVersions.get(kind))
    return isResource(kind) ? { kind: 'ours', resource: kind } : { kind: 'foreign', label: `${apiVersion}/${kind}` }
  return isWeirs || isMeantAsOurs(apiVersion) ? wrongApiVersion(kind, apiVersion) : foreign(apiVersion, kind)
}

function foreign(apiVersion: string, kind: string): Identity {
  return { kind: 'foreign', label: `${apiVersion}/${kind}` }
}

function isResource(kind: string): kind is ResourceKind {
  return ours.has(kind)
}

/** Another group's kind of the same name is not ours: `v1alpha1`, `weir/v1`, `wier.dev/v1alpha1` are. */
function isMeantAsOurs(apiVersion: string): boolean {
  const [prefix = '', version] = apiVersion.split('/')
  if (version === undefined) return true
  return prefix.startsWith('weir') || nearestOf(prefix, [group]) !== undefined
}

function wrongApiVersion(kind: string, apiVersion: string): Identity {
  const message = `a ${kind} has apiVersion ${apiVersions.get(kind)}, not ${quoted(apiVersion)}`
  return { kind: 'mistaken', draft: { code: 'WrongApiVersion', path: ['apiVersion'], message } }
}

function unknownKind(kind: string): Identity {
  const nearest = nearestOf(kind, ours)
  const hint = nearest === undefined ? `there is ${listed([...ours])}` : `did you mean ${nearest}?`
  const message = `${group} has no kind ${quoted(kind)}: ${hint}`
  return { kind: 'mistaken', draft: { code: 'UnknownKind', path: ['kind'], message } }
}

/** Without both words it is no manifest, unless what else it has tells that it was meant as one of ours. */
function identifyWithoutBoth({ apiVersion, kind, spec, steps }: Readonly<Record<string, unknown>>): Identity {
  if (typeof kind === 'string') {
    const known = apiVersions.get(kind)
    if (known === undefined) return { kind: 'foreign', label: kind }
    const message = `a ${kind} begins with "apiVersion: ${known}"`
    return { kind: 'mistaken', draft: { code: 'MissingKind', path: [], message } }
  }
  const isFlow = Array.isArray(steps) || (typeof spec === 'object' && spec !== null && 'steps' in spec)
  const isWeirs = typeof apiVersion === 'string' && apiVersion.startsWith(group)
  if (!isFlow && !isWeirs) return { kind: 'foreign', label: 'no kind' }
  const message = 'the document does not say what it is: begin with "apiVersion: weir.dev/v1alpha1" and "kind: Flow"'
  return { kind: 'mistaken', draft: { code: 'MissingKind', path: [], message } }
}
