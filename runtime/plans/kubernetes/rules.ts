/** What a process needs that takes its plans from the cluster: of its own namespace. */
export const planSourceRules = [
  { apiGroups: ['weir.dev'], resources: ['flows'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['weir.dev'], resources: ['flowrevisions'], verbs: ['get'] },
] as const
