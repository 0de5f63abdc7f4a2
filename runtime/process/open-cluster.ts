import { inClusterAccess } from '../../kube/transport/in-cluster.ts'
import { openKubeClient, type KubeClient } from '../../kube/transport/kube-client.ts'
import { TransientError } from '../error.ts'
import type { ClusterPlace } from './cluster-place.ts'

/** The cluster that this process runs in, as its service account. */
export interface Cluster {
  readonly client: KubeClient
  /** The pod's. */
  readonly namespace: string
}

/** A watch and a few reads at a time: each connection costs a process some hundred kilobytes. */
const connections = 4

/** @throws {TransientError} `NoServiceAccount` when its files cannot be read */
export async function openCluster({ host, port, account }: ClusterPlace, userAgent: string): Promise<Cluster> {
  try {
    const access = await inClusterAccess({ host, port, ...(account !== undefined && { directory: account }) })
    return { client: openKubeClient({ access, userAgent, connections }), namespace: access.namespace }
  } catch (cause) {
    const advice = 'mount its token into the pod, or name its directory in WEIR_KUBERNETES_ACCOUNT'
    throw new TransientError('NoServiceAccount', `the service account's files cannot be read: ${advice}`, { cause })
  }
}
