import type { JsonObject, ObjectMeta } from './meta.ts'

/**
 * An immutable, compiled plan of a Flow, numbered; its state is the label `weir.dev/state`: pending, active or old.
 *
 * @x-weir-resource {"plural": "flowrevisions", "shortNames": ["flrev"], "scope": "Namespaced"}
 */
export interface FlowRevision {
  readonly apiVersion: 'weir.dev/v1alpha1'
  readonly kind: 'FlowRevision'
  readonly metadata: ObjectMeta
  readonly spec: FlowRevisionSpec
}

export interface FlowRevisionSpec {
  readonly flow: string
  readonly revision: number
  readonly hash: string
  readonly plan: JsonObject
}
