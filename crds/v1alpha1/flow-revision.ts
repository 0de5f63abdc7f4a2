import type { JsonObject, ObjectMeta } from './meta.ts'
import type { DnsLabel } from './text.ts'

/**
 * An immutable, compiled plan of a Flow, numbered; the label `weir.dev/state` is `current`, or `old` when another has taken its place.
 *
 * @x-weir-resource {plural: "flowrevisions", shortNames: ["flrev"], scope: "Namespaced"}
 * @x-weir-columns [
 *   {name: "Flow", type: "string", jsonPath: ".spec.flow"},
 *   {name: "Revision", type: "integer", jsonPath: ".spec.revision"},
 *   {name: "State", type: "string", jsonPath: ".metadata.labels.weir\\.dev/state"},
 *   {name: "Hash", type: "string", jsonPath: ".spec.hash", priority: 1},
 *   {name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp"}
 * ]
 */
export interface FlowRevision {
  readonly apiVersion: 'weir.dev/v1alpha1'
  readonly kind: 'FlowRevision'
  readonly metadata: ObjectMeta
  /** The plan, and which it is. */
  readonly spec: FlowRevisionSpec
}

/**
 * @x-kubernetes-validations [
 *   {rule: "self == oldSelf", message: "a FlowRevision never changes: edit its Flow, and a new one is made", fieldPath: ".plan"}
 * ]
 */
export interface FlowRevisionSpec {
  /** The Flow's name. */
  readonly flow: DnsLabel
  /**
   * Never used twice for a flow; 1 is the first.
   *
   * @asType integer
   * @minimum 1
   */
  readonly revision: number
  /**
   * Of the flow's semantics and its components' contracts.
   *
   * @minLength 1
   * @maxLength 128
   * @pattern ^[A-Za-z0-9_-]+$
   */
  readonly hash: string
  // One value, since it never changes: which of its fields were written by whom is as long as the plan, and an API server works that out at each write.
  /**
   * The compiled plan, at most 512 KiB, without inline source.
   *
   * @x-kubernetes-map-type atomic
   */
  readonly plan: JsonObject
}
