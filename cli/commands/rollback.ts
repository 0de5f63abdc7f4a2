import { resources } from '../../crds/resources.ts'
import { changeSpec } from '../cluster/change-spec.ts'
import { chooseRollback } from '../cluster/choose-rollback.ts'
import type { ClusterOptions } from '../cluster/cluster-options.ts'
import { activeOf, revisionsOf } from '../cluster/flow-revisions.ts'
import { flowName } from '../cluster/kinds.ts'
import { namedObject } from '../cluster/named-object.ts'
import { withCluster } from '../cluster/open-cluster.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'

export interface RollbackOptions extends ClusterOptions {
  readonly toRevision?: number
  readonly unpin?: boolean
  readonly dryRun?: 'none' | 'server'
}

/** Pins an older revision (`spec.revision`), or lets go of it. */
export function rollbackCommand(context: CommandContext, word: string, options: RollbackOptions): Promise<number> {
  const { toRevision: to, unpin, dryRun } = options
  if (unpin === true && to !== undefined) throw new UsageError('give --to-revision or --unpin, not both')
  return withCluster(options, async (cluster) => {
    const flow = await namedObject(cluster, resources.flows, flowName(word))
    if (unpin === true) {
      await changeSpec(context, cluster, { flow, field: 'revision', value: null, done: 'unpinned', dryRun })
      return 0
    }
    const rows = await revisionsOf(cluster, flow)
    const { pinnedRevision: pinned } = (flow['status'] ?? {}) as { readonly pinnedRevision?: number }
    const value = chooseRollback({ rows, active: activeOf(rows), pinned, to })
    await changeSpec(context, cluster, { flow, field: 'revision', value, done: `pinned to revision ${value}`, dryRun })
    const { err } = context.terminal
    err.write('edits of the flow wait until it is let go of: weir rollback --unpin\n')
    return 0
  })
}
