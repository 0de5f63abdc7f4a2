import type { ClusterAccess } from '../../kube/transport/cluster-access.ts'
import { PermanentError } from '../error.ts'
import type { CredentialSource } from '../plan-source.ts'
import { directoryCredentials } from './directory-credentials.ts'

export interface OpenCredentialSource extends CredentialSource {
  readonly close: () => Promise<void>
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Credentials of the cluster where the place is `kubernetes`, else those of a directory.
 *
 * @throws {PermanentError} `ClusterUnknown` where there is no cluster to ask
 */
export async function openCredentialSource(
  place: string | undefined,
  environment: Environment,
): Promise<OpenCredentialSource> {
  if (place !== 'kubernetes') return { ...directoryCredentials(place), close: async () => {} }
  // What speaks to a cluster is loaded where there is one.
  const [{ openKubernetesCredentials }, { openKubeClient }] = await Promise.all([
    import('./kubernetes-credentials.ts'),
    import('../../kube/transport/kube-client.ts'),
  ])
  const { access, isPod } = await clusterOf(environment)
  const client = openKubeClient({ access, userAgent: 'weir-runner' })
  // A pod serves its own namespace; somebody's own machine may serve any.
  const credentials = openKubernetesCredentials({ client, namespace: isPod ? access.namespace : undefined })
  return {
    get: credentials.get,
    close: async () => {
      await credentials.close()
      await client.close()
    },
  }
}

interface Cluster {
  readonly access: ClusterAccess
  readonly isPod: boolean
}

async function clusterOf(environment: Environment): Promise<Cluster> {
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
    const message =
      'WEIR_CREDENTIALS is kubernetes, and what leads to the cluster cannot be read: a service account’s token, or the file of KUBECONFIG'
    throw new PermanentError('ClusterUnknown', message, { cause })
  }
  const message = 'WEIR_CREDENTIALS is kubernetes, but this is no pod, and KUBECONFIG names no file'
  throw new PermanentError('ClusterUnknown', message)
}
