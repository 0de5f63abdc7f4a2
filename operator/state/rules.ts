/** What a role of Kubernetes allows. */
interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** What states, plans and their labels need, the caches they stand on included. */
export const stateRules: readonly PolicyRule[] = [
  // `patch`: the finalizer, and nothing else.
  { apiGroups: ['weir.dev'], resources: ['flows'], verbs: ['get', 'list', 'watch', 'patch'] },
  { apiGroups: ['weir.dev'], resources: ['flows/status'], verbs: ['patch'] },
  // `patch`: the label of the state; the rest of one never changes.
  {
    apiGroups: ['weir.dev'],
    resources: ['flowrevisions'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  },
]
