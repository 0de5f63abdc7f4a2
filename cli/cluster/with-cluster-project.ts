import type { ProjectOptions } from '../../local/load-project.ts'
import type { CommandContext } from '../commands/context.ts'
import { UsageError } from '../usage-error.ts'
import type { ClusterProject } from './cluster-project.ts'
import { namesCluster, type ClusterOptions } from './cluster-options.ts'
import type { Cluster } from './open-cluster.ts'

/** Options of a command that is about files, and may be about what a cluster has beside them. */
export interface ClusterChoice extends ClusterOptions {
  readonly cluster?: boolean
  readonly flow?: string
}

/** Whether a cluster is to be asked. Called as `kubectl weir` it always is. */
export function meansClusterProject(
  { isPlugin }: Pick<CommandContext, 'isPlugin'>,
  paths: readonly string[],
  options: ClusterChoice,
): boolean {
  if (options.flow !== undefined && paths.length > 0) throw new UsageError('give files or --flow, not both')
  return isPlugin === true || options.cluster === true || options.flow !== undefined || namesCluster(options)
}

/** @throws {UsageError} without any: then only a cluster could be meant */
export function needPaths(paths: readonly string[]): readonly string[] {
  if (paths.length > 0) return paths
  throw new UsageError('give files or directories; or --cluster, to look at the flows that are in one')
}

export interface ClusterProjectWork {
  readonly cluster: Cluster
  readonly project: ClusterProject
}

export interface GivenFiles extends Pick<ProjectOptions, 'stdin' | 'directories'> {
  readonly paths: readonly string[]
}

/** Loads what is given among what the cluster has, and works on it. */
export async function withClusterProject(
  options: ClusterChoice,
  files: GivenFiles,
  work: (given: ClusterProjectWork) => Promise<number>,
): Promise<number> {
  // Loaded when it is needed: most look at files alone.
  const [{ withCluster }, { loadClusterProject }, { flowName }] = await Promise.all([
    import('./open-cluster.ts'),
    import('./cluster-project.ts'),
    import('./kinds.ts'),
  ])
  return withCluster(options, async (cluster) => {
    const flow = options.flow === undefined ? undefined : flowName(options.flow)
    return work({ cluster, project: await loadClusterProject(cluster, { ...files, flow }) })
  })
}
