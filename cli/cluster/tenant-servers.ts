import { isJsonObject } from '../../crds/v1alpha1/meta.ts'
import type { Resource } from '../../kube/kube-object.ts'
import { UsageError } from '../usage-error.ts'
import type { ClusterOptions } from './cluster-options.ts'
import { withCluster } from './open-cluster.ts'

/** By these the programs of a namespace know its servers: a runner may publish, and the recorder may do with what is kept what a person may. */
const places = {
  broker: { secret: 'weir-runner', key: 'WEIR_BROKER_URL' },
  store: { secret: 'weir-recorder', key: 'WEIR_STORE_URL' },
} as const
export type TenantServer = keyof typeof places

const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }

/**
 * Where the queues or the state of a namespace are, as the cluster has it: the addresses are those that its pods use.
 *
 * @throws {UsageError} when the namespace has none, or they may not be read
 */
export function tenantServer(options: ClusterOptions, server: TenantServer): Promise<string> {
  const { secret, key } = places[server]
  return withCluster(options, async (cluster) => {
    const found = await cluster.find(secrets, secret)
    const url = textIn(isJsonObject(found?.['data']) ? found['data'][key] : undefined)
    if (url !== undefined) return url
    throw new UsageError(
      `namespace "${cluster.namespace}" has no Secret "${secret}" with the addresses of its servers: has it a flow that the operator has looked at? Else give --store and --broker`,
    )
  })
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : undefined
}
