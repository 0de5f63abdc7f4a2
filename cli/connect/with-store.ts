import type { Store } from '../../runtime/store/store.ts'
import type { CommandContext } from '../commands/context.ts'
import type { ConnectOptions } from './connect-options.ts'
import { openStoreOf } from './open-store.ts'
import { meansCluster } from './servers-in-cluster.ts'

/** Works on the store that the options name, and closes it whatever comes. */
export async function withStore<Result>(
  context: CommandContext,
  options: ConnectOptions,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openStoreOf(context, options)
  try {
    if (!meansCluster(context, options)) return await work(store)
    // Loaded when it is needed: most do without a cluster.
    const [{ withCluster }, { clusterFlows }] = await Promise.all([
      import('../cluster/open-cluster.ts'),
      import('../cluster/cluster-flows.ts'),
    ])
    return await withCluster(options, (cluster) => work({ ...store, ...clusterFlows(cluster) }))
  } finally {
    await store.close()
  }
}
