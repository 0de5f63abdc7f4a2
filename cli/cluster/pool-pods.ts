import type { KubeObject, Resource } from '../../kube/kube-object.ts'
import type { LiveFlow } from './flow-standing.ts'
import { poolsOf } from './flow-standing.ts'
import type { Cluster } from './open-cluster.ts'

export const podKind: Resource = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', isNamespaced: true }

/** On the pods of every pool: which one, as plans name it. */
const poolAnnotation = 'weir.dev/pool-name'
const poolLabel = 'weir.dev/pool'

export interface PoolPod extends KubeObject {
  readonly spec?: { readonly containers?: readonly Named[]; readonly initContainers?: readonly Named[] }
  readonly status?: { readonly phase?: string }
}

interface Named {
  readonly name: string
}

/** The pods that work for a flow, or for all flows of the namespace. */
export async function poolPods(cluster: Cluster, flow: LiveFlow | undefined): Promise<readonly PoolPod[]> {
  const pods = await cluster.list<PoolPod>(podKind, { labelSelector: poolLabel })
  if (flow === undefined) return pods
  const pools = poolsOf(flow)
  return pods.filter(({ metadata: { annotations = {} } }) => pools.has(annotations[poolAnnotation] ?? ''))
}
