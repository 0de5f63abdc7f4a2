import type { Flow } from '../../crds/v1alpha1/flow.ts'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { ObjectCache } from '../../kube/cache/object-cache.ts'
import type { Kept } from '../../kube/cache/projection.ts'
import type { Store } from '../../runtime/store/store.ts'
import type { InCluster, OperatorParts } from '../operator-parts.ts'
import { flowFinalizer } from '../state/flow-finder.ts'
import type { Tenants } from '../tenants/tenants.ts'
import type { Hindrance } from './decide/flow-conditions.ts'

/** What the controller of flows stands on. */
export interface FlowsParts extends OperatorParts {
  readonly namespaces: ObjectCache<Kept>
  readonly tenants: Tenants
  readonly states: (namespace: string) => Pick<Store, 'flows' | 'plans'>
  /** Of the gateway, as callers see it: without a slash at its end. Without it webhooks have no address in the status. */
  readonly publicUrl: string | undefined
  /** Why nothing consumes a queue of a flow, though it should. */
  readonly poolTroubleOf?: (state: FlowState) => Hindrance | undefined
  readonly timing?: Partial<FlowsTiming>
}

export interface FlowsTiming {
  /** Each active flow's counters are read that often at the most. */
  readonly countMs: number
  /** A broker that is gone for no longer is not told of in the status of flows that want nothing of it now. */
  readonly blinkMs: number
}

export type ClusterFlow = InCluster<Flow>

/** What a Flow is known by; the API server has given it all of that. */
export interface FlowId {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export function idOf({ metadata: { namespace = '', name, uid = '' } }: Pick<ClusterFlow, 'metadata'>): FlowId {
  return { namespace, name, uid }
}

/** What its spec says beside the plan. */
export interface FlowWish {
  readonly suspend: boolean
  readonly freeze: boolean
  /** `spec.revision`. */
  readonly pinned: number | undefined
}

export function wishOf({ spec: { suspend = false, freeze = false, revision: pinned } }: ClusterFlow): FlowWish {
  return { suspend, freeze, pinned }
}

/** Whether it stays until nothing of it is left. */
export function isProtected({ metadata }: Kept): boolean {
  return metadata.finalizers?.includes(flowFinalizer) === true
}

export function isDeleting({ metadata }: Kept): boolean {
  return metadata.deletionTimestamp !== undefined
}
