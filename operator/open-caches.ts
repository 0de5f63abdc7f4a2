import type { App } from '../crds/v1alpha1/app.ts'
import type { ClusterComponent, Component } from '../crds/v1alpha1/component.ts'
import type { Credential } from '../crds/v1alpha1/credential.ts'
import type { Flow } from '../crds/v1alpha1/flow.ts'
import type { FlowRevision } from '../crds/v1alpha1/flow-revision.ts'
import { resources } from '../crds/resources.ts'
import { openObjectCache, type ObjectCache } from '../kube/cache/object-cache.ts'
import { identityOnly, packed, slim, type Kept } from '../kube/cache/projection.ts'
import { boundedMap } from '../kube/write/bounded-map.ts'
import type { KubeObject, Resource } from '../kube/kube-object.ts'
import type { KubeClient } from '../kube/transport/kube-client.ts'
import { flowIndexes } from './flows/flow-indexes.ts'
import type { InCluster, OperatorCaches } from './operator-parts.ts'
import { revisionIndexes } from './state/revision-plans.ts'

/** The caches that every part of the operator shares; they are kept up to date whether this process leads or not. */
export interface SharedCaches {
  readonly caches: OperatorCaches
  /** Metadata alone. */
  readonly namespaces: ObjectCache<Kept>
  /** Until the signal is aborted. */
  readonly run: (signal: AbortSignal) => Promise<void>
  readonly synced: Promise<void>
  /** What keeps them from being right, each in a sentence. */
  readonly problems: () => readonly string[]
}

const namespaceKind: Resource = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  isNamespaced: false,
}

export interface SharedCachesOptions {
  readonly client: KubeClient
  /** This one alone; all of them without it. */
  readonly namespace?: string | undefined
  readonly onListenerError: (error: unknown) => void
}

export function openSharedCaches(shared: SharedCachesOptions): SharedCaches {
  const caches: OperatorCaches = {
    flows: openObjectCache<InCluster<Flow>>({
      ...shared,
      resource: resources.flows,
      project: projectFlow(),
      indexes: flowIndexes,
    }),
    flowRevisions: openObjectCache({
      ...shared,
      resource: resources.flowRevisions,
      // Their plans would be most of what a list of both kinds takes.
      isMetadataOnly: true,
      project: withoutPlan,
      indexes: revisionIndexes,
    }),
    components: openObjectCache<InCluster<Component>>({ ...shared, resource: resources.components, project: slimAs }),
    clusterComponents: openObjectCache<InCluster<ClusterComponent>>({
      ...shared,
      resource: resources.clusterComponents,
      project: slimAs,
    }),
    credentials: openObjectCache<InCluster<Credential>>({
      ...shared,
      resource: resources.credentials,
      project: slimAs,
    }),
    apps: openObjectCache<InCluster<App>>({ ...shared, resource: resources.apps, project: slimAs }),
  }
  const namespaces = openObjectCache<Kept>({
    ...shared,
    resource: namespaceKind,
    project: identityOnly,
    isMetadataOnly: true,
    namespace: undefined,
    ...(shared.namespace !== undefined && { fieldSelector: `metadata.name=${shared.namespace}` }),
  })
  const all = { ...caches, namespaces }
  return {
    caches,
    namespaces,
    run: async (signal) => void (await Promise.all(Object.values(all).map((cache) => cache.run(signal)))),
    synced: Promise.all(Object.values(all).map((cache) => cache.synced)).then(() => {}),
    problems: () =>
      Object.entries(all).flatMap(([name, cache]) => {
        const problem = cache.problem()
        if (problem !== undefined) return [`${name} cannot be followed: ${problem.message}${remedyOf(problem.status)}`]
        return cache.isSynced() ? [] : [`${name} have not been listed yet`]
      }),
  }
}

function remedyOf(status: number): string {
  if (status === 404) return '; are Weir’s custom resource definitions applied?'
  return status === 403 ? '; is the operator’s role as the docs have it?' : ''
}

/** As the API server has checked it, against the schema that is made of the type. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says which kind it is
function slimAs<T extends Kept>(object: KubeObject): T {
  return slim(object) as unknown as T
}

/** As the cache of Flows keeps them: they are the many, and seldom looked at. Their annotations are for others, and what all have alike is there once. */
export function projectFlow(): (object: KubeObject) => InCluster<Flow> {
  const alike = boundedMap<unknown>(rememberedAlike)
  const once = <Value>(value: Value): Value => {
    const text = JSON.stringify(value)
    const known = alike.get(text)
    if (known === undefined) alike.set(text, value)
    return (known ?? value) as Value // of the same text
  }
  const project = packed(['spec', 'status'], (object) => {
    const { annotations: _, namespace = '', finalizers, ...metadata } = slim(object).metadata
    const shared = { namespace: once(namespace), ...(finalizers !== undefined && { finalizers: once(finalizers) }) }
    return { ...object, metadata: { ...metadata, ...shared } }
  })
  return project as unknown as (object: KubeObject) => InCluster<Flow> // as the API server has checked it
}

const rememberedAlike = 10_000

function withoutPlan({ metadata }: KubeObject): InCluster<Omit<FlowRevision, 'spec'>> {
  return { ...identityOnly({ metadata }), apiVersion: 'weir.dev/v1alpha1', kind: 'FlowRevision' }
}
