import { resources } from '../../crds/resources.ts'
import type { Flow } from '../../crds/v1alpha1/flow.ts'
import { slim } from '../../kube/cache/projection.ts'
import { keyOf, pathOf, placeOf, type KubeObject } from '../../kube/kube-object.ts'
import { finalizerStep } from '../../kube/write/finalizers.ts'
import { clusterFailure, isNoSuchObject } from '../../runtime/plans/kubernetes/cluster-failure.ts'
import { readFlowVersions } from '../../runtime/plans/kubernetes/flow-versions.ts'
import type { InCluster } from '../operator-parts.ts'
import type { ClusterStatesParts } from './cluster-states.ts'

export type ClusterFlow = InCluster<Flow>

/** Keeps a Flow until nothing of it is left. */
export const flowFinalizer = 'weir.dev/flow'

/**
 * The Flows of a namespace, never older than what this process has written. A Flow that is going, and that we have let go of, is none.
 *
 * The cache is asked where it cannot be wrong: after the first look nobody else writes states, and what is written here it knows at once.
 */
export interface FlowFinder {
  readonly find: (uid: string) => Promise<ClusterFlow | undefined>
  readonly all: () => Promise<readonly ClusterFlow[]>
  /** Past the cache. */
  readonly look: (uid: string) => Promise<ClusterFlow | undefined>
  /** It is not known whether a write was carried out: the next look is past the cache. */
  readonly doubt: (uid: string) => void
  /** What a write has answered. */
  readonly note: (answer: KubeObject) => void
  /** The Flow is going, and nothing of ours keeps it any more: the server's answer is of no newer version than what the cache has. */
  readonly lose: (uid: string) => void
}

export interface FinderParts extends Pick<ClusterStatesParts, 'client' | 'caches'> {
  /** Resolves with true when the cache has everything that was written before this process began to lead; false where that is not known. */
  readonly isCurrent: () => Promise<boolean>
}

export function openFlowFinder(parts: FinderParts, namespace: string): FlowFinder {
  const known = openKnownFlows(parts, namespace)
  let firstLook: Promise<void> | undefined
  const looked = (): Promise<void> =>
    (firstLook ??= lookAtAll(parts, namespace, known).catch((error: unknown) => {
      firstLook = undefined
      throw error
    }))
  const look = async (uid: string): Promise<ClusterFlow | undefined> => {
    const flow = known.get(uid)
    return flow === undefined ? undefined : known.read(flow)
  }
  return {
    find: async (uid) => {
      await looked()
      return asOurs(known.isDoubted(uid) ? await look(uid) : known.get(uid))
    },
    all: async () => {
      await looked()
      return known.all().filter((flow) => asOurs(flow) !== undefined)
    },
    look: async (uid) => asOurs(await look(uid)),
    doubt: known.doubt,
    note: (answer) => void known.note(answer),
    lose: known.lose,
  }
}

interface KnownFlows {
  readonly get: (uid: string) => ClusterFlow | undefined
  readonly all: () => readonly ClusterFlow[]
  /** From the server; undefined when that very Flow is gone. */
  readonly read: (flow: Pick<ClusterFlow, 'metadata'>) => Promise<ClusterFlow | undefined>
  readonly note: (answer: KubeObject) => ClusterFlow
  readonly lose: (uid: string) => void
  readonly doubt: (uid: string) => void
  readonly isDoubted: (uid: string) => boolean
}

function openKnownFlows({ client, caches: { flows } }: FinderParts, namespace: string): KnownFlows {
  /** Found to be gone before the cache has heard of it. */
  const gone = new Set<string>()
  const doubted = new Set<string>()
  const note = (answer: KubeObject): ClusterFlow => {
    const flow = slim(answer) as unknown as ClusterFlow // the server has checked it
    flows.note(flow)
    return flow
  }
  return {
    note,
    lose: (uid) => void gone.add(uid),
    doubt: (uid) => void doubted.add(uid),
    isDoubted: (uid) => doubted.has(uid),
    all: () => flows.byIndex('namespace', namespace).filter(({ metadata }) => !gone.has(metadata.uid ?? '')),
    get: (uid) => {
      const [flow] = flows.byIndex('uid', uid)
      if (flow === undefined) gone.delete(uid)
      return flow?.metadata.namespace === namespace && !gone.has(uid) ? flow : undefined
    },
    read: async ({ metadata: { uid = '', name } }) => {
      const path = pathOf(resources.flows, { namespace, name })
      const answer = await client.request<KubeObject>({ method: 'GET', path })
      if (answer.kind === 'failed' && !isNoSuchObject(answer.failure, name)) throw clusterFailure(answer.failure)
      doubted.delete(uid)
      const flow = answer.kind === 'failed' ? undefined : note(answer.value)
      if (flow?.metadata.uid === uid) return flow
      gone.add(uid)
      return undefined
    },
  }
}

/** Reads those that the cache has in another version than the server. */
async function lookAtAll(
  { client, caches: { flows }, isCurrent }: FinderParts,
  namespace: string,
  known: KnownFlows,
): Promise<void> {
  await flows.synced
  // Of thousands a list takes the server as many milliseconds.
  if (await isCurrent()) return
  const versions = await readFlowVersions(client, namespace)
  const keys = new Set([...versions.keys(), ...flows.byIndex('namespace', namespace).map(keyOf)])
  // One by one: they are as many as have changed in the last moment.
  for (const key of keys) {
    const cached = flows.get(key)
    if (cached?.metadata.resourceVersion === versions.get(key)?.resourceVersion) continue
    await known.read(cached ?? { metadata: { ...placeOf(key), ...versions.get(key) } })
  }
}

function asOurs(flow: ClusterFlow | undefined): ClusterFlow | undefined {
  return flow === undefined || finalizerStep(flow, flowFinalizer) === 'gone' ? undefined : flow
}
