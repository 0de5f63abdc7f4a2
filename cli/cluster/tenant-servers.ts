import { isJsonObject } from '../../crds/v1alpha1/meta.ts'
import type { Resource } from '../../kube/kube-object.ts'
import { UsageError } from '../usage-error.ts'
import type { ClusterOptions } from './cluster-options.ts'
import { withCluster } from './open-cluster.ts'

/** Where the queues and the state of a namespace are. */
export interface TenantServers {
  readonly broker: string
  readonly store: string
}

/** The Secret from which the runners of a namespace know them. */
const secretName = 'weir-runner'
const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }

/**
 * As the cluster has them: the addresses are those that its pods use.
 *
 * @throws {UsageError} when the namespace has none, or they may not be read
 */
export function tenantServers(options: ClusterOptions): Promise<TenantServers> {
  return withCluster(options, async (cluster) => {
    const found = await cluster.find(secrets, secretName)
    const data = isJsonObject(found?.['data']) ? found['data'] : {}
    const [broker, store] = [textIn(data['WEIR_BROKER_URL']), textIn(data['WEIR_STORE_URL'])]
    if (broker !== undefined && store !== undefined) return { broker, store }
    throw new UsageError(
      `namespace "${cluster.namespace}" has no Secret "${secretName}" with the addresses of its servers: has it a flow that the operator has looked at? Else give --store and --broker`,
    )
  })
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : undefined
}
