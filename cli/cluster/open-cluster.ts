import type { KubeObject, Resource } from '../../kube/kube-object.ts'
import { pathOf } from '../../kube/kube-object.ts'
import type { ClusterAccess } from '../../kube/transport/cluster-access.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { openKubeClient } from '../../kube/transport/kube-client.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { UsageError } from '../usage-error.ts'
import { version } from '../version.ts'
import type { ClusterOptions } from './cluster-options.ts'
import { failureAdvice, missingKinds } from './failure-advice.ts'

/** A cluster, as one command sees it. Whatever fails is thrown as words for the user. */
export interface Cluster {
  readonly client: KubeClient
  readonly server: string
  /** That was asked for, else the context's. */
  readonly namespace: string
  /**
   * @param what for the message when it fails: `get flow "orders"`
   * @throws {UsageError} that says what to do
   */
  readonly ask: <T>(what: string, request: Parameters<KubeClient['request']>[0]) => Promise<T>
  /** Undefined when there is none of that name. */
  readonly find: <T = KubeObject>(resource: Resource, name: string) => Promise<T | undefined>
  readonly list: <T = KubeObject>(resource: Resource, options?: ListPlace) => Promise<readonly T[]>
}

export interface ListPlace {
  /** In place of the cluster's own; null means all. */
  readonly namespace?: string | null
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
}

/** @throws {UsageError} when there is no such cluster, or it does not answer */
export async function withCluster<Result>(
  options: ClusterOptions,
  work: (cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  const access = await accessOf(options)
  const client = openKubeClient({ access, userAgent: `weir/${version}` })
  try {
    return await work(clusterOf(client, access, options))
  } finally {
    await client.close()
  }
}

/** Where client-node looks when nothing names a cluster. */
const nobodysCluster = 'http://localhost:8080'

async function accessOf({ kubeconfig, context }: ClusterOptions): Promise<ClusterAccess> {
  const access = await kubeconfigAccess({ path: kubeconfig, context }).catch((cause: unknown) => {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(`no cluster: ${problem}. "kubectl config get-contexts" shows what there is`, { cause })
  })
  if (access.server !== nobodysCluster) return access
  throw new UsageError('no cluster is configured: set KUBECONFIG, or give --kubeconfig FILE and --context NAME')
}

const pageSize = 500

function clusterOf(client: KubeClient, { server, namespace: own }: ClusterAccess, options: ClusterOptions): Cluster {
  const namespace = options.namespace ?? own
  const place = { server, namespace }
  const ask: Cluster['ask'] = async <T>(what: string, request: Parameters<KubeClient['request']>[0]) => {
    const answer = await client.request<T>(request)
    if (answer.kind === 'failed') throw failureAdvice(answer.failure, { what, ...place })
    return answer.value
  }
  return {
    client,
    ...place,
    ask,
    find: async <T>(resource: Resource, name: string) => {
      const path = inPath(() => pathOf(resource, { namespace, name }))
      const answer = await client.request<T>({ method: 'GET', path })
      if (answer.kind === 'done') return answer.value
      if (answer.failure.status !== 404) throw failureAdvice(answer.failure, { what: `get ${resource.kind}`, ...place })
      // Of a kind that nobody has declared the server does not name the object.
      if (!answer.failure.message.includes(`"${name}" not found`)) throw missingKinds(server)
      return undefined
    },
    list: async <T>(resource: Resource, { namespace: other, ...selectors }: ListPlace = {}) => {
      const path = pathOf(resource, { namespace: other === null ? undefined : (other ?? namespace) })
      const items: T[] = []
      let from: string | undefined
      do {
        const query = { limit: pageSize, continue: from, ...selectors }
        const page = await ask<Page<T>>(`list ${resource.plural}`, { method: 'GET', path, query })
        items.push(...page.items)
        from = page.metadata.continue
      } while (from !== undefined && from !== '')
      return items
    },
  }
}

interface Page<T> {
  readonly metadata: { readonly continue?: string }
  readonly items: readonly T[]
}

/** A name that cannot stand in a path is none that anybody has. */
function inPath(path: () => string): string {
  try {
    return path()
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
