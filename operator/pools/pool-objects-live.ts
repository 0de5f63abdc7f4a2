import { openObjectCache, type ObjectCache } from '../../kube/cache/object-cache.ts'
import { slim } from '../../kube/cache/projection.ts'
import type { Source } from '../../kube/controller/sources.ts'
import { keyOf, type KubeObject } from '../../kube/kube-object.ts'
import type { OperatorParts } from '../operator-parts.ts'
import { poolLabel } from './decide/pool-metadata.ts'
import type { PoolKind } from './decide/pool-objects.ts'
import { managersOfReplicas } from './decide/replicas-owner.ts'
import { autoscalers, pods, poolResources } from './pool-resources.ts'

/** A Deployment with those who have written how many pods it has. */
export interface LivePool extends KubeObject {
  readonly replicaManagers: readonly string[]
  readonly spec: { readonly replicas?: number }
  readonly status?: { readonly readyReplicas?: number }
}

/** What there is of pools in the cluster. All of a pool's objects have one name. */
export interface LivePools {
  readonly run: (signal: AbortSignal) => Promise<void>
  readonly synced: Promise<void>
  readonly kinds: Readonly<Record<PoolKind, ObjectCache<KubeObject>>>
  readonly deployments: ObjectCache<LivePool>
  /** Index `pool`: by `namespace/pool`. */
  readonly pods: ObjectCache<KubeObject>
  /** Index `target`: by `namespace/deployment`. */
  readonly autoscalers: ObjectCache<KubeObject>
}

const ours = `app.kubernetes.io/managed-by=weir,${poolLabel}`

interface LivePoolsParts extends Pick<OperatorParts, 'client' | 'clock'> {
  /** The only one that is looked at. */
  readonly namespace: string | undefined
}

export function openLivePools({ client, clock, namespace }: LivePoolsParts): LivePools {
  const shared = { client, clock, namespace }
  const cacheOf = (kind: Exclude<PoolKind, 'Deployment'>): ObjectCache<KubeObject> =>
    openObjectCache({ ...shared, resource: poolResources[kind], labelSelector: ours, project: slim })
  const deployments = openObjectCache<LivePool>({
    ...shared,
    resource: poolResources.Deployment,
    labelSelector: ours,
    project: withReplicaManagers,
  })
  const podsOf = openObjectCache({
    ...shared,
    resource: pods,
    labelSelector: ours,
    project: podInBrief,
    indexes: { pool: ({ metadata }) => [`${metadata.namespace}/${metadata.labels?.[poolLabel]}`] },
  })
  const scalers = openObjectCache({
    ...shared,
    resource: autoscalers,
    project: slim,
    indexes: { target: targetOf },
  })
  const kinds = {
    ServiceAccount: cacheOf('ServiceAccount'),
    Role: cacheOf('Role'),
    RoleBinding: cacheOf('RoleBinding'),
    ConfigMap: cacheOf('ConfigMap'),
    NetworkPolicy: cacheOf('NetworkPolicy'),
    PodDisruptionBudget: cacheOf('PodDisruptionBudget'),
    // Only ever given what it has projected itself.
    Deployment: deployments as unknown as ObjectCache<KubeObject>,
  }
  const all = [...Object.values(kinds), podsOf, scalers]
  return {
    kinds,
    deployments,
    pods: podsOf,
    autoscalers: scalers,
    synced: Promise.all(all.map(({ synced }) => synced)).then(() => {}),
    run: async (signal) => void (await Promise.all(all.map((cache) => cache.run(signal)))),
  }
}

/** Who manages the rest nobody asks. */
function withReplicaManagers(object: KubeObject): LivePool {
  const replicaManagers = managersOfReplicas(object.metadata['managedFields'])
  return { ...slim(object), replicaManagers } as LivePool // the API server's Deployments have a spec
}

/** Its spec is the Deployment's. */
function podInBrief(object: KubeObject): KubeObject {
  const { metadata, status } = slim(object)
  return { metadata, status }
}

function targetOf({ metadata, spec }: KubeObject): readonly string[] {
  const { scaleTargetRef } = (spec ?? {}) as {
    readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string }
  }
  const isDeployment = scaleTargetRef?.kind === 'Deployment' && scaleTargetRef.name !== undefined
  return isDeployment ? [`${metadata.namespace}/${scaleTargetRef.name}`] : []
}

/** Each object leads to the pool that has its name. */
export function livePoolSources(live: LivePools): readonly Source[] {
  return Object.values(live.kinds).map((cache) => ({
    synced: cache.synced,
    keys: () => [...cache.values()].map(keyOf),
    subscribe: (enqueue) =>
      cache.subscribe((change) => {
        const isInitial = change.kind === 'added' && change.isInitial
        if (!isStatusAlone(change)) enqueue(keyOf(change.object), isInitial ? 'startUp' : 'child')
      }),
  }))
}

/** A Deployment tells of its pods all the time. */
function isStatusAlone(change: Parameters<Parameters<ObjectCache<KubeObject>['subscribe']>[0]>[0]): boolean {
  if (change.kind !== 'changed') return false
  const told = ({ metadata, status: _status, ...rest }: KubeObject): string => {
    const { labels, annotations, ownerReferences, deletionTimestamp } = metadata
    return JSON.stringify([labels, annotations, ownerReferences, deletionTimestamp, rest])
  }
  return told(change.before) === told(change.object)
}
