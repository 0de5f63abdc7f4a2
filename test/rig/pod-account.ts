import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import type { KubeApiPlace } from '../env/kube-servers.ts'
import { limitedToken, type LimitedUser } from '../env/kube-tests.ts'

/** What a process finds in its pod: a service account's files, and where the API server is. */
export interface PodAccount {
  /** Variables for a program's environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly close: () => Promise<void>
}

/** An account that may do just that, in its namespace. */
export async function openPodAccount(
  administrator: KubeClient,
  { kubeconfig }: KubeApiPlace,
  account: LimitedUser,
): Promise<PodAccount> {
  const { server, credentials } = await kubeconfigAccess({ path: kubeconfig })
  const { tls } = await credentials()
  const token = await limitedToken(administrator, account)
  const directory = await mkdtemp(join(tmpdir(), 'weir-account-'))
  const files = { token, 'ca.crt': tls.ca ?? '', namespace: account.namespace }
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  const { hostname, port } = new URL(server)
  return {
    environment: {
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port === '' ? '443' : port,
      WEIR_KUBERNETES_ACCOUNT: directory,
    },
    close: () => rm(directory, { recursive: true, force: true }),
  }
}
