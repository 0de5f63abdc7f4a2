import { hash } from 'node:crypto'
import type { Logger } from 'pino'
import { apiVersionOf, pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import type { BrokerRole } from '../../runtime/broker/management/decide/plan-vhost.ts'
import { brokerUrlOf, databaseName, rolePasswords, storeUrlOf, type TenantId } from './tenant-names.ts'

/** In each namespace, for the pods there: a Secret with the addresses of its vhost and its database, for each role. */
export interface TenantSecrets {
  /** Makes them be as they should; false when that failed, since flows can be changed without pods. Sends nothing that changes nothing. */
  readonly apply: (tenant: TenantId) => Promise<boolean>
  /** Another text when the addresses are others: what has read the old ones must start anew. */
  readonly versionOf: (tenant: TenantId) => string
}

export interface TenantSecretsParts {
  readonly client: KubeClient
  readonly brokerUrl: URL
  readonly storeUrl: string
  readonly key: string
  readonly log: Logger
}

/** Who works in pods of the namespaces. */
export const podRoles = ['runner', 'gateway', 'scheduler', 'recorder'] as const satisfies readonly BrokerRole[]
export type PodRole = (typeof podRoles)[number]

/** Its keys are the variables of the processes: `WEIR_BROKER_URL` and `WEIR_STORE_URL`. */
export function roleSecretName(role: PodRole): string {
  return `weir-${role}`
}

const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }

export function openTenantSecrets(parts: TenantSecretsParts): TenantSecrets {
  return {
    apply: async (tenant) => {
      try {
        for (const role of podRoles) await applyOne(parts, tenant, role)
        return true
      } catch (err) {
        const { namespace } = tenant
        parts.log.warn(
          { namespace, err },
          'addresses of broker and store not given to the namespace, it will be tried again',
        )
        return false
      }
    },
    versionOf: (tenant) => {
      const all = podRoles.map((role) => secretOf(parts, tenant, role)['data'])
      return hash('sha256', JSON.stringify(all), 'hex').slice(0, 12)
    },
  }
}

async function applyOne(parts: TenantSecretsParts, tenant: TenantId, role: PodRole): Promise<void> {
  const wanted = secretOf(parts, tenant, role)
  const place = { namespace: tenant.namespace, name: wanted.metadata.name }
  const { client } = parts
  const found = await client.request<KubeObject>({ method: 'GET', path: pathOf(secrets, place) })
  if (found.kind === 'failed' && found.failure.status !== 404) throw found.failure
  if (found.kind === 'done' && JSON.stringify(found.value['data']) === JSON.stringify(wanted['data'])) return
  const query = { fieldManager: 'weir-tenants', force: true }
  const contentType = 'application/apply-patch+yaml'
  orThrow(await client.request({ method: 'PATCH', path: pathOf(secrets, place), query, contentType, body: wanted }))
}

function secretOf({ brokerUrl, storeUrl, key }: TenantSecretsParts, tenant: TenantId, role: PodRole): KubeObject {
  const password = rolePasswords(tenant, key)[role]
  const encode = (text: string): string => Buffer.from(text).toString('base64')
  return {
    apiVersion: apiVersionOf(secrets),
    kind: secrets.kind,
    metadata: {
      name: roleSecretName(role),
      namespace: tenant.namespace,
      labels: { 'app.kubernetes.io/managed-by': 'weir', 'weir.dev/role': role },
    },
    type: 'weir.dev/servers',
    data: {
      WEIR_BROKER_URL: encode(brokerUrlOf(brokerUrl, tenant, { role, password })),
      WEIR_STORE_URL: encode(storeUrlOf(storeUrl, databaseName(tenant))),
    },
  }
}
