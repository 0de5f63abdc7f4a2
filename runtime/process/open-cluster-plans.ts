import {
  openKubernetesPlanSource,
  type KubernetesPlanOptions,
  type KubernetesPlanSource,
} from '../plans/kubernetes/kubernetes-plan-source.ts'
import type { ClusterPlace } from './cluster-place.ts'
import { openCluster } from './open-cluster.ts'

/** Plans of the namespace that this process runs in. */
export interface ClusterPlans extends KubernetesPlanSource {
  readonly namespace: string
}

/** @throws {TransientError} when they cannot be read now */
export async function openClusterPlans(
  place: ClusterPlace,
  options: Omit<KubernetesPlanOptions, 'client' | 'namespace'>,
): Promise<ClusterPlans> {
  const { client, namespace } = await openCluster(place, 'weir-plans')
  try {
    const source = await openKubernetesPlanSource({ ...options, client, namespace })
    const close = async (): Promise<void> => {
      await source.close()
      await client.close()
    }
    return { ...source, namespace, close }
  } catch (error) {
    await client.close()
    throw error
  }
}
