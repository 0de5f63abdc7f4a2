/** Which cluster, and where in it, as kubectl has these options. */
export interface ClusterOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
}

/** Of a command that looks at many objects. */
export interface ListOptions extends ClusterOptions {
  readonly allNamespaces?: boolean
  readonly selector?: string
}

/** Whether somebody says that a cluster is meant. */
export function namesCluster({ kubeconfig, context, namespace }: ClusterOptions): boolean {
  return [kubeconfig, context, namespace].some((option) => option !== undefined)
}
