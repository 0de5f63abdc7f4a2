import type { CredentialSource } from '../plan-source.ts'
import { findCluster } from './cluster-access.ts'
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
  const { access, isPod } = await findCluster('WEIR_CREDENTIALS is kubernetes', environment)
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
