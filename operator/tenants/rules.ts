/** What a role of Kubernetes allows. */
interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  readonly resourceNames?: readonly string[]
}

const names = ['weir-runner', 'weir-gateway', 'weir-scheduler', 'weir-recorder']

/** The addresses of broker and store, for the pods of each namespace. To make an object, its name cannot be told beforehand. */
export const tenantRules: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'patch'], resourceNames: names },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
]
