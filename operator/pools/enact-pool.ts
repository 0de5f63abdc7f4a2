import { apiVersionOf, pathOf, type KubeObject } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow, type KubeError } from '../../kube/transport/kube-error.ts'
import { openApplier, type Applier } from '../../kube/write/applier.ts'
import type { PoolKind, PoolObject } from './decide/pool-objects.ts'
import { poolsManager, scalerManager } from './decide/replicas-owner.ts'
import type { LivePool, LivePools } from './pool-objects-live.ts'
import { poolResources } from './pool-resources.ts'

/** What makes a pool's objects be as they should. */
export interface PoolWriter {
  /**
   * One after another, the Deployment last. A new one has `replicas` pods; of one that is there the number is not touched.
   *
   * @throws {ObjectRefused} with the first that the server did not take
   */
  readonly apply: (objects: readonly PoolObject[], replicas: number, signal: AbortSignal) => Promise<void>
  /** Whoever has written it before. */
  readonly scale: (live: LivePool, replicas: number) => Promise<void>
  /**
   * The Deployment first, and the rest when its pods have ended: they may need it until then.
   *
   * @returns whether nothing is left
   */
  readonly remove: (key: string, signal: AbortSignal) => Promise<boolean>
}

/** One of a pool's objects that could not be written. */
export class ObjectRefused extends Error {
  override readonly name = 'ObjectRefused'
  readonly kind: PoolKind
  readonly failure: KubeError
  constructor(kind: PoolKind, failure: KubeError) {
    super(failure.message, { cause: failure })
    this.kind = kind
    this.failure = failure
  }
}

const hashAnnotation = 'weir.dev/applied'

export function openPoolWriter(client: KubeClient, live: LivePools): PoolWriter {
  const applier = openApplier({ client, fieldManager: poolsManager, hashAnnotation })
  const write = { client, live, applier }
  return {
    scale: (pool, replicas) => scale(write, pool, replicas),
    apply: async (objects, replicas, signal) => {
      for (const object of objects) {
        if (object.kind === 'Deployment') await applyDeployment(write, object, replicas, signal)
        else await applyOne(write, object, signal)
      }
    },
    remove: (key, signal) => remove(write, key, signal),
  }
}

interface Writing {
  readonly client: KubeClient
  readonly live: LivePools
  readonly applier: Applier
}

async function applyOne({ live, applier }: Writing, { kind, object }: PoolObject, signal: AbortSignal): Promise<void> {
  const cache = live.kinds[kind]
  const { namespace, name } = object.metadata
  const before = cache.get(`${namespace}/${name}`)
  const answer = await applier.apply({
    resource: poolResources[kind],
    desired: object,
    live: before,
    signal,
  })
  if (answer.kind === 'failed') throw new ObjectRefused(kind, answer.failure)
  if (answer.value.kind === 'applied') cache.note(answer.value.object)
}

/**
 * How many pods there are is the scaler's field, or whoever's takes it from that. Without a number a new Deployment has one pod, so that it is made with one;
 * the field is then handed over, and given up here.
 */
async function applyDeployment(
  writing: Writing,
  wanted: PoolObject,
  replicas: number,
  signal: AbortSignal,
): Promise<void> {
  const { live } = writing
  const key = `${wanted.object.metadata.namespace}/${wanted.object.metadata.name}`
  if (live.deployments.get(key) === undefined) {
    const spec = { ...(wanted.object['spec'] as object), replicas }
    await applyOne(writing, { ...wanted, object: { ...wanted.object, spec } }, signal)
  }
  const made = live.deployments.get(key)
  if (made !== undefined && made.replicaManagers.join() === poolsManager)
    await scale(writing, made, made.spec.replicas ?? replicas)
  await applyOne(writing, wanted, signal)
}

async function scale({ client, live }: Writing, { metadata }: LivePool, replicas: number): Promise<void> {
  const { namespace, name, uid } = metadata
  const resource = poolResources.Deployment
  const written = await client.request<KubeObject>({
    method: 'PATCH',
    path: pathOf(resource, { namespace, name }),
    query: { fieldManager: scalerManager, force: true },
    contentType: 'application/apply-patch+yaml',
    // With the uid: one that was made anew since is another.
    body: {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { namespace, name, uid },
      spec: { replicas },
    },
  })
  live.deployments.note(orThrow(written))
}

async function remove({ client, live }: Writing, key: string, signal: AbortSignal): Promise<boolean> {
  const deployment = live.deployments.get(key)
  if (deployment !== undefined) {
    if (deployment.metadata.deletionTimestamp === undefined) await removeOne(client, 'Deployment', deployment, signal)
    return false
  }
  const kinds = Object.keys(poolResources) as PoolKind[] // its own keys
  const left = kinds.flatMap((kind) => {
    const object = live.kinds[kind].get(key)
    return object === undefined || object.metadata.deletionTimestamp !== undefined ? [] : [{ kind, object }]
  })
  for (const { kind, object } of left) await removeOne(client, kind, object, signal)
  return left.length === 0
}

async function removeOne(
  client: KubeClient,
  kind: PoolKind,
  { metadata }: KubeObject,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name, uid } = metadata
  const answer = await client.request({
    method: 'DELETE',
    path: pathOf(poolResources[kind], { namespace, name }),
    // A Deployment's pods first, then itself.
    body: { propagationPolicy: kind === 'Deployment' ? 'Foreground' : 'Background', preconditions: { uid } },
    signal,
  })
  // Gone, or another has its name by now.
  if (answer.kind === 'failed' && ![404, 409].includes(answer.failure.status)) throw answer.failure
}
