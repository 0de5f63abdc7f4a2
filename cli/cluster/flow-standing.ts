import type { FlowSpec } from '../../crds/v1alpha1/flow.ts'
import type { FlowStatus } from '../../crds/v1alpha1/flow-status.ts'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import { readFlowState } from '../../flow/plan/flow-status.ts'
import type { KubeObject } from '../../kube/kube-object.ts'

/** A Flow as the API server has it. */
export interface LiveFlow extends KubeObject {
  readonly spec: FlowSpec
  readonly status?: FlowStatus
}

/** What its edits have come to; undefined before the first, and where it cannot be read. */
export function flowStateOf(flow: LiveFlow): FlowState | undefined {
  const read = readFlowState(flow)
  return read.kind === 'read' ? read.state : undefined
}

/** Whose pods work for it now, as plans name them. */
export function poolsOf(flow: LiveFlow): ReadonlySet<string> {
  return new Set((flowStateOf(flow)?.living ?? []).map(({ pool }) => pool))
}
