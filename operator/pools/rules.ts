import type { AccessRule } from './decide/pool-access.ts'

const keeping = ['get', 'list', 'watch', 'create', 'patch', 'delete'] as const
const reading = ['get', 'list', 'watch'] as const

/** What the operator must be allowed to do for pools, in the namespaces that it looks after. */
export const poolsRules: readonly AccessRule[] = [
  { apiGroups: [''], resources: ['serviceaccounts', 'configmaps'], verbs: keeping },
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: keeping },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: keeping },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: keeping },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: keeping },
  // Those that read an image's component.json.
  { apiGroups: [''], resources: ['pods'], verbs: [...reading, 'create', 'delete'] },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: reading },
  // Nobody can give away what he may not do himself: these are for the pools' own Roles.
  { apiGroups: ['weir.dev'], resources: ['flows', 'flowrevisions', 'credentials'], verbs: reading },
  { apiGroups: ['weir.dev'], resources: ['components'], verbs: reading },
  { apiGroups: ['weir.dev'], resources: ['components/status'], verbs: ['patch'] },
]

/** And in the whole cluster. */
export const poolsClusterRules: readonly AccessRule[] = [
  { apiGroups: ['weir.dev'], resources: ['clustercomponents'], verbs: reading },
  { apiGroups: ['weir.dev'], resources: ['clustercomponents/status'], verbs: ['patch'] },
  { apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews'], verbs: ['create'] },
]

/** Where pools are to read Secrets: in all namespaces, or in those that are opened one by one. */
export const poolsSecretRules: readonly AccessRule[] = [{ apiGroups: [''], resources: ['secrets'], verbs: reading }]
