/** A kind, as the API server's paths name it. */
interface WeirResource {
  readonly group: 'weir.dev'
  readonly version: 'v1alpha1'
  readonly kind: string
  readonly plural: string
  readonly isNamespaced: boolean
}

const inNamespaces = { group: 'weir.dev', version: 'v1alpha1', isNamespaced: true } as const

/** The kinds that are declared here, as paths name them. */
export const resources = {
  flows: { ...inNamespaces, kind: 'Flow', plural: 'flows' },
  flowRevisions: { ...inNamespaces, kind: 'FlowRevision', plural: 'flowrevisions' },
  components: { ...inNamespaces, kind: 'Component', plural: 'components' },
  clusterComponents: { ...inNamespaces, kind: 'ClusterComponent', plural: 'clustercomponents', isNamespaced: false },
  credentials: { ...inNamespaces, kind: 'Credential', plural: 'credentials' },
  apps: { ...inNamespaces, kind: 'App', plural: 'apps' },
} as const satisfies Readonly<Record<string, WeirResource>>
