/** As a Role or ClusterRole has it. */
export interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** What this part needs in every namespace that it serves, whatever `secretAccess` says. */
export const credentialRules: readonly PolicyRule[] = [
  { apiGroups: ['weir.dev'], resources: ['credentials', 'apps'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['weir.dev'], resources: ['credentials/status', 'apps/status'], verbs: ['patch'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
]

/**
 * What it needs of Secrets: in a ClusterRole that is bound cluster-wide (`secretAccess: cluster`), or namespace by namespace (`tenants`). They are only read
 * by name; `create` and `update` are for the Secrets with tokens, whose names a role cannot tell in advance.
 */
export const secretRules: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch', 'create', 'update'] },
]
