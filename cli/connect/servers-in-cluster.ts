import { namesCluster } from '../cluster/cluster-options.ts'
import type { TenantServer } from '../cluster/tenant-servers.ts'
import { TransientError } from '../../runtime/error.ts'
import type { CommandContext } from '../commands/context.ts'
import type { ConnectOptions } from './connect-options.ts'

type Asking = Pick<CommandContext, 'isPlugin'>

/** Whether it is about the flows of a cluster. Called as `kubectl weir` it is, if nothing else is named. */
export function meansCluster({ isPlugin }: Asking, options: ConnectOptions): boolean {
  const isElsewhere = options.state !== undefined || options.store !== undefined || options.broker !== undefined
  return options.isInCluster === true || namesCluster(options) || (isPlugin === true && !isElsewhere)
}

/** The address of a server of a namespace, where one is meant; undefined where none is. */
export async function serverInCluster(
  asking: Asking,
  options: ConnectOptions,
  server: TenantServer,
): Promise<string | undefined> {
  if (!meansCluster(asking, options)) return undefined
  // Loaded when it is needed: most do without a cluster.
  const { tenantServer } = await import('../cluster/tenant-servers.ts')
  return tenantServer(options, server)
}

/** The addresses are those of the pods' network: says how somebody outside comes there. */
export async function fromOutside<Result>(
  option: '--broker' | '--store',
  open: () => Promise<Result>,
): Promise<Result> {
  try {
    return await open()
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    const message = `${error.message}. This is the address that the cluster's pods use; from outside "kubectl port-forward" makes a way, to be given as ${option} URL`
    throw new TransientError(String(error.code), message, { cause: error })
  }
}
