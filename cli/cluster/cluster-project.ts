import { stringify } from 'yaml'
import { resources } from '../../crds/resources.ts'
import type { ClusterComponent, Component } from '../../crds/v1alpha1/component.ts'
import type { BrokenManifest, Manifests, ParsedManifests, SourceText } from '../../flow/manifest/manifest.ts'
import { apiVersionOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import { loadProject, type Project, type ProjectOptions } from '../../local/load-project.ts'
import type { LiveFlow } from './flow-standing.ts'
import { namedObject } from './named-object.ts'
import { clusterFile } from './cluster-file.ts'
import type { Cluster } from './open-cluster.ts'
import { seenSecrets } from './seen-secrets.ts'

export interface ClusterProjectOptions extends Pick<ProjectOptions, 'stdin' | 'directories'> {
  /** Of the files; without any, and without a flow, all flows of the namespace are looked at as they are. */
  readonly paths: readonly string[]
  /** As it is in the cluster. */
  readonly flow?: string | undefined
}

export interface ClusterProject extends Project {
  /** Names of Secrets that may not be read: nothing is said of them. */
  readonly unseen: readonly string[]
}

/** Manifests, among what the cluster has: its components, credentials and flows are known, what neither has is an error. Nothing is applied. */
export async function loadClusterProject(cluster: Cluster, options: ClusterProjectOptions): Promise<ClusterProject> {
  const { paths, flow, stdin, directories } = options
  const unseen = new Set<string>()
  const project = await loadProject(paths, {
    strict: true,
    stdin,
    directories,
    // What ships with Weir is there if somebody has installed it.
    catalogue: undefined,
    namespace: cluster.namespace,
    given: paths.length === 0 || flow !== undefined ? await flowSources(cluster, flow) : [],
    around: async (given) => {
      const { sources, forbidden } = await surroundings(cluster, given)
      for (const name of forbidden) unseen.add(name)
      return sources
    },
  })
  const isSeen = (message: string): boolean => ![...unseen].some((name) => message.includes(JSON.stringify(name)))
  const findings = project.findings
    .filter(({ code, message }) => code !== 'MissingSecret' || isSeen(message))
    .map((finding) => ({
      ...finding,
      message: finding.message.replace('in the given files', 'in the files or the cluster'),
    }))
  return { ...project, findings, unseen: [...unseen] }
}

async function flowSources(cluster: Cluster, name: string | undefined): Promise<readonly SourceText[]> {
  const flows =
    name === undefined ? await cluster.list(resources.flows) : [await namedObject(cluster, resources.flows, name)]
  return flows.map((flow) => ({
    file: `flow/${flow.metadata.name}`,
    text: stringify(applied(resources.flows, flow)),
    namespace: cluster.namespace,
  }))
}

interface Surroundings {
  readonly sources: readonly SourceText[]
  readonly forbidden: readonly string[]
}

async function surroundings(cluster: Cluster, { manifests: given, broken }: ParsedManifests): Promise<Surroundings> {
  const all = [...given.flows, ...given.components, ...given.credentials, ...given.apps]
  const namespaces = new Set([
    ...all.map(({ object }) => object.metadata.namespace ?? cluster.namespace),
    ...broken.flatMap(({ namespace }) => (namespace === '' ? [] : [namespace])),
  ])
  const known = new Set([...keysOf(given), ...broken.map(brokenKey)])
  const objects: KubeObject[] = []
  for (const namespace of namespaces) {
    const found = await Promise.all(namespaced.map((kind) => live(cluster, kind, namespace)))
    objects.push(...found.flat())
  }
  objects.push(...(await live(cluster, resources.clusterComponents, null)))
  const others = objects.filter((object) => !known.has(keyOf(object)))
  const secrets = await seenSecrets(cluster, [...given.credentials.map(({ object }) => object), ...others])
  const items = [...others, ...secrets.found.filter((object) => !known.has(keyOf(object)))]
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  return { sources: [{ file: clusterFile, text, namespace: cluster.namespace }], forbidden: secrets.forbidden }
}

const namespaced = [resources.components, resources.credentials, resources.apps, resources.flows]

async function live(cluster: Cluster, resource: Resource, namespace: string | null): Promise<readonly KubeObject[]> {
  const found = await cluster.list(resource, { namespace })
  return found.flatMap((object) => neighbour(resource, applied(resource, object)))
}

/** Of another flow only its webhooks matter: two may not have the same path. */
function neighbour(resource: Resource, object: KubeObject): readonly KubeObject[] {
  if (resource.kind !== 'Flow') return [object]
  const { triggers } = (object as LiveFlow).spec
  const webhooks = triggers.flatMap(({ name, webhook }) => (webhook === undefined ? [] : [{ name, webhook }]))
  if (webhooks.length === 0) return []
  return [{ ...object, spec: { triggers: webhooks, steps: [{ name: 'any', log: 'data' }] } }]
}

/** As somebody would have written it. What a component's image told about itself stands for what its manifest leaves out. */
function applied(resource: Resource, object: KubeObject): KubeObject {
  const { name, namespace, labels } = object.metadata
  const isComponent = resource.kind === 'Component' || resource.kind === 'ClusterComponent'
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: { name, ...(namespace !== undefined && { namespace }), ...(labels !== undefined && { labels }) },
    spec: isComponent ? withToldFunctions(object as unknown as Component) : object['spec'],
  }
}

function withToldFunctions({ spec, status }: Component | ClusterComponent): Component['spec'] {
  const told = status?.functions
  return spec.functions === undefined && told !== undefined ? { ...spec, functions: told } : spec
}

function keysOf({ flows, components, clusterComponents, credentials, apps, secrets }: Manifests): ReadonlySet<string> {
  const all = [...flows, ...components, ...clusterComponents, ...credentials, ...apps, ...secrets]
  return new Set(all.map(({ object }) => keyOf(object)))
}

function brokenKey({ kind, namespace, name }: BrokenManifest): string {
  return keyOf({ kind, metadata: { namespace, name } })
}

interface Identified {
  readonly kind?: string
  readonly metadata: { readonly namespace?: string; readonly name: string }
}

function keyOf({ kind = '', metadata: { namespace = '', name } }: Identified): string {
  return `${kind}/${namespace}/${name}`
}
