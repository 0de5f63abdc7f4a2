import { readFlowState, type ReadState } from '../../../flow/plan/flow-status.ts'
import type { ObjectCache } from '../../../kube/cache/object-cache.ts'
import type { Kept } from '../../../kube/cache/projection.ts'
import type { KubeObject } from '../../../kube/kube-object.ts'

/** What a process keeps of a Flow: which it is, and its state; of flows that it has nothing to do with not even that. */
export interface SeenFlow extends Kept {
  readonly seen: ReadState
}

/** With an index `uid`. */
export type FlowCache = ObjectCache<SeenFlow>

/** @param pools who consumes here; undefined for all */
export function seenFlow(pools: ReadonlySet<string> | undefined): (object: KubeObject) => SeenFlow {
  return ({ metadata: { name, namespace, uid, resourceVersion }, status }) => {
    const metadata = {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    }
    const seen = readFlowState({ metadata, status })
    const isOurs = seen.kind !== 'read' || pools === undefined || seen.state.living.some(({ pool }) => pools.has(pool))
    return { metadata, seen: isOurs ? seen : { kind: 'none' } }
  }
}
