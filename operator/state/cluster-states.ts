import type { Logger } from 'pino'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { Clock } from '../../kube/clock.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import type { FlowStateStore, PlanStore } from '../../runtime/store/store.ts'
import type { InCluster, OperatorCaches } from '../operator-parts.ts'
import type { Flow } from '../../crds/v1alpha1/flow.ts'
import { openCurrentness } from './currentness.ts'
import { openFlowStates } from './flow-states.ts'
import { openRevisionPlans } from './revision-plans.ts'

/** What states and plans in a cluster stand on. */
export interface ClusterStatesParts {
  readonly client: KubeClient
  /** With `flowIndexes` and `revisionIndexes`. */
  readonly caches: Pick<OperatorCaches, 'flows' | 'flowRevisions'>
  readonly clock: Clock
  readonly log: Logger
  /**
   * Further fields of the status that follow from the state: they are written in the same request; one that is undefined is taken away. Only fields and
   * types of conditions that stay once they are there: what this manager has written, another cannot take away by leaving it out.
   */
  readonly beside?: (flow: InCluster<Flow>, state: FlowState) => Readonly<Record<string, unknown>>
  /** Whether the cache of Flows is known to have all that was written before this process began to lead; where it is not, each is compared. */
  readonly isCurrent?: () => Promise<boolean>
}

/** States and plans of the flows of one namespace. */
export interface ClusterStates {
  readonly flows: FlowStateStore
  readonly plans: PlanStore
}

/**
 * What a driver of changes needs of a store, in the cluster: the state of a flow in the status of its Flow, a plan in a FlowRevision.
 *
 * To be opened when this process begins to lead, and once for it. Nothing is said about a flow before the cache is known to be no older than that, since
 * who led before may have written last; from there on the cache holds what this process has written, and nobody else writes.
 *
 * `status.state` has a manager of its own. Whoever writes the rest of the status applies it under another name, without `state`; neither ever meets a
 * conflict because of the other.
 */
export function openClusterStates(given: ClusterStatesParts): (namespace: string) => ClusterStates {
  const parts = { isCurrent: openCurrentness(given), ...given }
  const opened = new Map<string, ClusterStates>()
  return (namespace) => {
    const known = opened.get(namespace)
    if (known !== undefined) return known
    const states = { flows: openFlowStates(parts, namespace), plans: openRevisionPlans(parts, namespace) }
    opened.set(namespace, states)
    return states
  }
}
