import type { Finding } from '../finding/finding.ts'
import { toFinding } from '../finding/draft.ts'
import { quoted } from '../finding/suggest.ts'
import { judge, type Judged } from './judge.ts'
import type { BrokenManifest, Manifest, Manifests, ParsedManifests, Resource, SourceText } from './manifest.ts'
import { yamlObjects } from './yaml-objects.ts'

/**
 * Reads manifests from YAML or JSON texts, one or several documents each, and judges their form:
 * syntax, fields, types, bounds. All findings at once; never throws, whatever the texts hold.
 */
export function parseManifests(sources: readonly SourceText[]): ParsedManifests {
  const found: Found = { whole: [], broken: [], findings: [], ignored: new Map(), places: new Map() }
  for (const source of sources) {
    const { objects, findings, forgetTree } = yamlObjects(source)
    found.findings.push(...findings)
    for (const object of objects) keep(found, judge(object))
    forgetTree()
  }
  const { whole, broken, findings, ignored } = found
  return { manifests: byKind(whole), broken, findings, ignored }
}

interface Found {
  readonly whole: Manifest[]
  readonly broken: BrokenManifest[]
  readonly findings: Finding[]
  readonly ignored: Map<string, number>
  /** Where each object was first seen, by kind, namespace and name. */
  readonly places: Map<string, Placed>
}

function keep(found: Found, judged: Judged): void {
  switch (judged.kind) {
    case 'foreign':
      found.ignored.set(judged.label, (found.ignored.get(judged.label) ?? 0) + 1)
      return
    case 'mistaken':
      found.findings.push(...judged.findings)
      return
    case 'whole':
      found.findings.push(...judged.findings)
      keepWhole(found, judged.manifest)
      return
    case 'broken':
      found.findings.push(...judged.findings, ...duplicateOf(found, judged.broken, judged.at))
      found.broken.push(judged.broken)
  }
}

/** Of two objects with the same name the later one is not used, but still linted. */
function keepWhole(found: Found, manifest: Manifest): void {
  const { kind, metadata } = manifest.object
  const id = { kind, namespace: metadata.namespace ?? '', name: metadata.name }
  const duplicates = duplicateOf(found, id, manifest)
  found.findings.push(...duplicates)
  if (duplicates.length === 0) found.whole.push(manifest)
  else found.broken.push({ ...id, rest: manifest, mistakes: [] })
}

type Id = Pick<BrokenManifest, 'kind' | 'namespace' | 'name'>
type Placed = Pick<Manifest, 'file' | 'positionOf'>

function duplicateOf(found: Found, { kind, namespace, name }: Id, at: Placed): Finding[] {
  if (name === '') return []
  const key = `${kind}/${namespace}/${name}`
  const first = found.places.get(key)
  const path = ['metadata', 'name']
  if (first === undefined) {
    found.places.set(key, at)
    return []
  }
  const place = `${first.file}:${first.positionOf(path).line}`
  const message = `there is another ${kind} ${quoted(name)} at ${place}: rename or remove one`
  return [toFinding({ code: 'DuplicateObject', path, message }, at)]
}

function byKind(all: readonly Manifest[]): Manifests {
  return {
    flows: all.filter(isOf('Flow')),
    components: all.filter(isOf('Component')),
    clusterComponents: all.filter(isOf('ClusterComponent')),
    credentials: all.filter(isOf('Credential')),
    apps: all.filter(isOf('App')),
    secrets: all.filter(isOf('Secret')),
  }
}

function isOf<Kind extends Resource['kind']>(kind: Kind) {
  return (manifest: Manifest): manifest is Manifest<Extract<Resource, { readonly kind: Kind }>> =>
    manifest.object.kind === kind
}
