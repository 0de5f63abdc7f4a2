import type { Kept } from '../../kube/cache/projection.ts'
import { openObjectCache, type ObjectCache } from '../../kube/cache/object-cache.ts'
import type { KubeObject, Resource } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { brokerKey, readLogin, storeKey, type TenantLogin } from './decide/read-login.ts'

/** Who works for all namespaces at once; each has a user of its own in every vhost, and a Secret of its own in every namespace. */
export type TenantRole = 'recorder' | 'scheduler' | 'gateway'

/** A namespace that has its part of the servers. */
export interface SeenLogin extends Kept {
  /** Undefined when somebody else has written there. */
  readonly login: TenantLogin | undefined
}

export interface TenantLoginsParts {
  /** May get, list and watch the Secrets of this name. */
  readonly client: KubeClient
  readonly role: TenantRole
  readonly servers: { readonly storeUrl: string }
  /** The only one that is looked after; all of them without it. */
  readonly namespace?: string | undefined
}

const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }

export function loginSecretName(role: TenantRole): string {
  return `weir-${role}`
}

/** The role's logins, as the operator has put them into each namespace. No other Secret is asked for. */
export function openTenantLogins({ client, role, servers, namespace }: TenantLoginsParts): ObjectCache<SeenLogin> {
  return openObjectCache({
    client,
    namespace,
    resource: secrets,
    fieldSelector: `metadata.name=${loginSecretName(role)}`,
    project: (secret) => seenLogin(secret, servers.storeUrl),
  })
}

function seenLogin({ metadata, data }: KubeObject, installation: string): SeenLogin {
  const { name, namespace = '', uid, resourceVersion } = metadata
  return {
    metadata: {
      name,
      namespace,
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    login: readLogin({ namespace, data: decoded(data), installation }),
  }
}

function decoded(data: unknown): Readonly<Record<string, string>> {
  const fields = (typeof data === 'object' && data !== null ? data : {}) as Readonly<Record<string, unknown>>
  const keys = [brokerKey, storeKey].filter((key) => typeof fields[key] === 'string')
  return Object.fromEntries(keys.map((key) => [key, Buffer.from(String(fields[key]), 'base64').toString()]))
}
