import type { AccessRule } from '../../pools/decide/pool-access.ts'
import type { PoolAccess, WantedObject } from '../../pools/decide/pool-wish.ts'

/** The account that the gateway of the cluster has. */
export interface GatewayAccount {
  readonly name: string
  readonly namespace: string
}

/** Of its Role and its RoleBinding, in each namespace that needs them. */
export const gatewayRoleName = 'weir-gateway'
export const gatewayLabels = { 'app.kubernetes.io/managed-by': 'weir', 'weir.dev/role': 'gateway' } as const

const reading = ['get', 'list', 'watch'] as const
const rbac = 'rbac.authorization.k8s.io'

/** What the gateway may read of a namespace's Credentials and Secrets: these, by name. Undefined when it needs none. */
export function gatewayRole(namespace: string, { credentials, secrets }: PoolAccess): WantedObject | undefined {
  const rules = [...named('weir.dev', 'credentials', credentials), ...named('', 'secrets', secrets)]
  return rules.length === 0 ? undefined : { metadata: metadataIn(namespace), rules }
}

export function gatewayRoleBinding(namespace: string, { name, namespace: own }: GatewayAccount): WantedObject {
  return {
    metadata: metadataIn(namespace),
    roleRef: { apiGroup: rbac, kind: 'Role', name: gatewayRoleName },
    subjects: [{ kind: 'ServiceAccount', name, namespace: own }],
  }
}

/** Credentials that a Role lets it read already. */
export function grantedCredentials(role: { readonly [field: string]: unknown } | undefined): readonly string[] {
  const rules = (role?.['rules'] ?? []) as readonly AccessRule[] // as the API server has checked it
  return rules.flatMap(({ resources, resourceNames = [] }) => (resources.includes('credentials') ? resourceNames : []))
}

/** A rule without names would be one for all: none is made where there are none. */
function named(group: string, resource: string, resourceNames: readonly string[]): readonly AccessRule[] {
  return resourceNames.length === 0
    ? []
    : [{ apiGroups: [group], resources: [resource], resourceNames, verbs: reading }]
}

function metadataIn(namespace: string): WantedObject['metadata'] {
  return { name: gatewayRoleName, namespace, labels: gatewayLabels }
}
