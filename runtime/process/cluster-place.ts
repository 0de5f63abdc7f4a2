import { PermanentError } from '../error.ts'

/** Where the API server of the cluster is that a process runs in. */
export interface ClusterPlace {
  readonly host: string
  readonly port: string
  /** With `token`, `ca.crt` and `namespace`; undefined for the place where the kubelet puts them. */
  readonly account: string | undefined
}

/** @throws {PermanentError} `SettingsInvalid` outside a cluster */
export function clusterPlace(
  environment: Readonly<Record<string, string | undefined>>,
  account: string | undefined,
): ClusterPlace {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = environment
  if (host !== '') return { host, port, account }
  const advice = 'this process runs in no pod: name a directory in WEIR_PLANS, or leave it out'
  throw new PermanentError(
    'SettingsInvalid',
    `WEIR_PLANS is \`kubernetes\`, and KUBERNETES_SERVICE_HOST is not set; ${advice}`,
  )
}
