import type { AccessRule } from '../pools/decide/pool-access.ts'

const keeping = ['get', 'list', 'watch', 'create', 'patch', 'delete'] as const
const reading = ['get', 'list', 'watch'] as const

/** What the operator must be allowed so that it can let the gateway read the Secrets of webhooks. */
export const gatewayAccessRules: readonly AccessRule[] = [
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: keeping },
  { apiGroups: ['weir.dev'], resources: ['flows', 'flowrevisions'], verbs: reading },
  // Nobody can give away what he may not do himself.
  { apiGroups: ['weir.dev'], resources: ['credentials'], verbs: reading },
  { apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews'], verbs: ['create'] },
]
