import { credentialRules, secretRules } from './credentials/rules.ts'
import { flowRules, leaseRules } from './flows/rules.ts'
import { gatewayAccessRules } from './gateway/rules.ts'
import { poolsClusterRules, poolsRules, poolsSecretRules } from './pools/rules.ts'
import { stateRules } from './state/rules.ts'
import { tenantRules } from './tenants/rules.ts'

/** What a role of Kubernetes allows: each resource once. */
export interface OperatorRule {
  readonly apiGroup: string
  readonly resource: string
  readonly verbs: readonly string[]
}

interface PartRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

const order = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']

/** What the operator must be allowed in the whole cluster, with `secretAccess: cluster`. */
export const clusterRules: readonly OperatorRule[] = merged([
  ...flowRules,
  ...stateRules,
  ...tenantRules,
  ...credentialRules,
  ...secretRules,
  ...poolsRules,
  ...poolsClusterRules,
  ...poolsSecretRules,
  ...gatewayAccessRules,
])

/** And in the namespace of its Lease. */
export const leadingRules: readonly OperatorRule[] = merged(leaseRules)

/** As a page shows them: a row each. */
export function rulesTable(rules: readonly OperatorRule[]): readonly string[] {
  return rules.map(({ apiGroup, resource, verbs }) => {
    const group = apiGroup === '' ? 'core' : apiGroup
    return `| \`${group}\` | \`${resource}\` | ${verbs.join(', ')} |`
  })
}

function merged(rules: readonly PartRule[]): readonly OperatorRule[] {
  const found = new Map<string, Set<string>>()
  for (const { apiGroups, resources, verbs } of rules) {
    for (const apiGroup of apiGroups)
      for (const resource of resources) {
        const key = `${apiGroup} ${resource}`
        found.set(key, new Set([...(found.get(key) ?? []), ...verbs]))
      }
  }
  return [...found.entries()]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, verbs]) => {
      const [apiGroup = '', resource = ''] = key.split(' ')
      return { apiGroup, resource, verbs: order.filter((verb) => verbs.has(verb)) }
    })
}
