import { hash } from 'node:crypto'
import type { Logger } from 'pino'
import { apiVersionOf, pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import type { BrokerRole } from '../../runtime/broker/management/decide/plan-vhost.ts'
import { brokerUrlOf, rolePasswords, storeLogins, storeUrlOf, type TenantId } from './tenant-names.ts'

/** In each namespace, for the pods there: a Secret with the addresses of its vhost and its database, for each role. */
export interface TenantSecrets {
  /**
   * Makes them be as they should, and sends nothing that changes nothing. As long as the namespace's users of the store are not there, an address that leads
   * there another way stays, and where there is none no Secret is made. Gives another text when the addresses are others, since what has read the old ones
   * must start anew; undefined when there are none, or that failed: flows can be changed without pods.
   */
  readonly apply: (tenant: TenantId, have: { readonly storeUsers: boolean }) => Promise<string | undefined>
}

export interface TenantSecretsParts {
  readonly client: KubeClient
  readonly brokerUrl: URL
  readonly storeUrl: string
  readonly key: string
  /** `shared` gives all namespaces the login of the installation. */
  readonly storeUsers: 'own' | 'shared'
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
    apply: async (tenant, have) => {
      try {
        const all: (SecretData | undefined)[] = []
        for (const role of podRoles) all.push(await applyOne(parts, { tenant, role, ...have }))
        if (all.includes(undefined)) return undefined
        return hash('sha256', JSON.stringify(all), 'hex').slice(0, 12)
      } catch (err) {
        const { namespace } = tenant
        parts.log.warn(
          { namespace, err },
          'addresses of broker and store not given to the namespace, it will be tried again',
        )
        return undefined
      }
    },
  }
}

interface RoleSecret {
  readonly tenant: TenantId
  readonly role: PodRole
  /** Whether the store knows its user. */
  readonly storeUsers: boolean
}

/** In base64. */
type SecretData = Readonly<Record<'WEIR_BROKER_URL' | 'WEIR_STORE_URL', string>>

async function applyOne(parts: TenantSecretsParts, wish: RoleSecret): Promise<SecretData | undefined> {
  const place = { namespace: wish.tenant.namespace, name: roleSecretName(wish.role) }
  const { client } = parts
  const found = await client.request<KubeObject>({ method: 'GET', path: pathOf(secrets, place) })
  if (found.kind === 'failed' && found.failure.status !== 404) throw found.failure
  const known = found.kind === 'done' ? found.value['data'] : undefined
  const data = dataOf(parts, wish, known)
  if (data === undefined || JSON.stringify(known) === JSON.stringify(data)) return data
  const query = { fieldManager: 'weir-tenants', force: true }
  const contentType = 'application/apply-patch+yaml'
  const body = secretOf(wish, data)
  orThrow(await client.request({ method: 'PATCH', path: pathOf(secrets, place), query, contentType, body }))
  return data
}

function dataOf(
  { brokerUrl, storeUrl, key, storeUsers }: TenantSecretsParts,
  { tenant, role, ...have }: RoleSecret,
  known: unknown,
): SecretData | undefined {
  const login = storeUsers === 'own' ? storeLogins(tenant, key)[role] : undefined
  const isKnown = login === undefined || have.storeUsers
  const store = isKnown ? encode(storeUrlOf(storeUrl, tenant, login)) : storeIn(known)
  if (store === undefined) return undefined
  const password = rolePasswords(tenant, key)[role]
  return { WEIR_BROKER_URL: encode(brokerUrlOf(brokerUrl, tenant, { role, password })), WEIR_STORE_URL: store }
}

/** What leads there until there are users. */
function storeIn(data: unknown): string | undefined {
  const { WEIR_STORE_URL: url } = (data ?? {}) as Readonly<Record<string, unknown>> // the server's
  return typeof url === 'string' ? url : undefined
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64')
}

function secretOf({ tenant, role }: RoleSecret, data: SecretData): KubeObject {
  return {
    apiVersion: apiVersionOf(secrets),
    kind: secrets.kind,
    metadata: {
      name: roleSecretName(role),
      namespace: tenant.namespace,
      labels: { 'app.kubernetes.io/managed-by': 'weir', 'weir.dev/role': role },
    },
    type: 'weir.dev/servers',
    data,
  }
}
