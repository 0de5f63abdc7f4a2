/** What a role of Kubernetes allows. */
interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** What the controller of Flows needs, the caches that all parts share included; states and plans have rules of their own. */
export const flowRules: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['namespaces'], verbs: ['list', 'watch'] },
  // `patch`: the finalizer, and nothing else.
  { apiGroups: ['weir.dev'], resources: ['flows'], verbs: ['get', 'list', 'watch', 'patch'] },
  { apiGroups: ['weir.dev'], resources: ['flows/status'], verbs: ['patch'] },
  {
    apiGroups: ['weir.dev'],
    resources: ['flowrevisions', 'components', 'clustercomponents', 'credentials', 'apps'],
    verbs: ['list', 'watch'],
  },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
]

/** In the namespace of the Lease alone. */
export const leaseRules: readonly PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
]
