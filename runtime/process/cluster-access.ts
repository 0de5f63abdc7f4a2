import type { ClusterAccess } from '../../kube/transport/cluster-access.ts'
import { PermanentError } from '../error.ts'

/** What leads to a cluster, and whether that is the one that this process runs in. */
export interface FoundCluster {
  readonly access: ClusterAccess
  readonly isPod: boolean
}

/** @throws {PermanentError} `ClusterUnknown` where there is no cluster to ask; `whose` begins its message */
export async function findCluster(
  whose: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<FoundCluster> {
  const {
    KUBERNETES_SERVICE_HOST: host = '',
    KUBERNETES_SERVICE_PORT: port = '443',
    KUBECONFIG: path = '',
    WEIR_KUBERNETES_ACCOUNT: directory = '',
  } = environment
  try {
    if (host !== '') {
      const { inClusterAccess } = await import('../../kube/transport/in-cluster.ts')
      return { access: await inClusterAccess({ host, port, ...(directory !== '' && { directory }) }), isPod: true }
    }
    if (path !== '') {
      const { kubeconfigAccess } = await import('../../kube/transport/kubeconfig-access.ts')
      return { access: await kubeconfigAccess({ path }), isPod: false }
    }
  } catch (cause) {
    const message = `${whose}, and what leads to the cluster cannot be read: a service account’s token, or the file of KUBECONFIG`
    throw new PermanentError('ClusterUnknown', message, { cause })
  }
  throw new PermanentError('ClusterUnknown', `${whose}, but this is no pod, and KUBECONFIG names no file`)
}
