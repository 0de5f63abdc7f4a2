import { resources } from '../../crds/resources.ts'
import { changeSpec } from '../cluster/change-spec.ts'
import type { ClusterOptions } from '../cluster/cluster-options.ts'
import { flowName } from '../cluster/kinds.ts'
import { namedObject } from '../cluster/named-object.ts'
import { withCluster } from '../cluster/open-cluster.ts'
import type { CommandContext } from './context.ts'

export interface SuspendOptions extends ClusterOptions {
  /** Consumption, too. */
  readonly freeze?: boolean
  readonly dryRun?: 'none' | 'server'
}

type Standing = 'suspended' | 'resumed'

/** Sets or takes away `spec.suspend` of flows, or `spec.freeze`. */
export function suspendCommand(
  context: CommandContext,
  standing: Standing,
  words: readonly string[],
  options: SuspendOptions,
): Promise<number> {
  return withCluster(options, async (cluster) => {
    const names = words.map(flowName)
    // All of them are there, or none is changed.
    const flows = await Promise.all(names.map((name) => namedObject(cluster, resources.flows, name)))
    for (const flow of flows) {
      const spec = flow['spec'] as { readonly suspend?: boolean; readonly freeze?: boolean }
      const fields =
        standing === 'suspended'
          ? [options.freeze === true ? ('freeze' as const) : ('suspend' as const)]
          : stoppedBy(spec)
      const done = fields.includes('freeze') && standing === 'suspended' ? 'frozen' : standing
      for (const field of fields)
        await changeSpec(context, cluster, {
          flow,
          field,
          value: standing === 'suspended' ? true : null,
          done,
          dryRun: options.dryRun,
        })
    }
    return 0
  })
}

/** What resuming has to take away; one field where it is resumed already, so that somebody says so. */
function stoppedBy({
  suspend,
  freeze,
}: {
  readonly suspend?: boolean
  readonly freeze?: boolean
}): ('suspend' | 'freeze')[] {
  const stopped = [
    ...(suspend === true ? (['suspend'] as const) : []),
    ...(freeze === true ? (['freeze'] as const) : []),
  ]
  return stopped.length > 0 ? stopped : ['suspend']
}
