import type { FlowStatus } from './flow-status.ts'
import type { LabelledObjectMeta } from './meta.ts'
import type { Step } from './step.ts'
import type { Trigger } from './trigger.ts'

/**
 * A graph of steps, with what starts it.
 *
 * @x-weir-resource {plural: "flows", shortNames: ["fl"], scope: "Namespaced"}
 * @x-weir-columns [
 *   {name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status'},
 *   {name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason'},
 *   {name: "Revision", type: "integer", jsonPath: ".status.activeRevision"},
 *   {name: "Backlog", type: "integer", jsonPath: ".status.backlog"},
 *   {name: "Dead", type: "integer", jsonPath: ".status.deadLetters"},
 *   {name: "Last Run", type: "date", jsonPath: ".status.lastRunAt"},
 *   {name: "Next Run", type: "string", jsonPath: ".status.nextRunAt", priority: 1},
 *   {name: "Last Error", type: "string", jsonPath: ".status.lastError.code", priority: 1},
 *   {name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp"}
 * ]
 */
export interface Flow {
  readonly apiVersion: 'weir.dev/v1alpha1'
  readonly kind: 'Flow'
  readonly metadata: LabelledObjectMeta
  /** What starts the flow, and what it does. */
  readonly spec: FlowSpec
  // Before the operator has looked at it nobody may take it for one that is as it should be: tools compare the generation.
  /**
   * How it goes; written by the operator alone.
   *
   * @default {"observedGeneration": -1}
   */
  readonly status?: FlowStatus
}

// An API server evaluates every rule at each write of a Flow, also of its status, and for each field that a rule looks for it lists all properties that the
// object may have. How many fields there are, `dyn(self).size()`, costs nothing: of a step with a name and one more field little else is looked at, and what is
// one of several fields and nothing else is one that has as many.
//
// The steps' names are put in a list once: looked for edge by edge, the largest flow would cost more than an API server spends on a rule.
/**
 * @x-kubernetes-validations [
 *   {rule: "self.triggers.all(t, !has(t.to) || self.steps.exists(s, s.name == t.to))",
 *    message: "a trigger's `to` must be the name of a step", fieldPath: ".triggers"},
 *   {rule: "self.steps.all(s, dyn(s).size() == 2 || !has(s.next) && (!has(s.onError) || !has(s.onError.to))) || [self.steps.map(t, t.name)].all(names, self.steps.all(s, (!has(s.next) || s.next.all(e, e.to in names)) && (!has(s.onError) || !has(s.onError.to) || s.onError.to in names)))",
 *    message: "`to` of an edge and of `onError` must be the name of a step", fieldPath: ".steps"},
 *   {rule: "!self.steps.exists(s, dyn(s).size() > 2 && has(s.next)) || self.steps.all(s, has(s.next) || s.name == self.steps[self.steps.size() - 1].name)",
 *    message: "as soon as one step has `next`, every step but the last writes it; `next: []` ends there", fieldPath: ".steps"}
 * ]
 */
export interface FlowSpec {
  /** No new runs; those that have started finish. */
  readonly suspend?: boolean
  /** No new runs, and no message moves. */
  readonly freeze?: boolean
  /**
   * What starts a run.
   *
   * @minItems 1
   * @maxItems 32
   * @x-kubernetes-list-type map
   * @x-kubernetes-list-map-keys ["name"]
   */
  readonly triggers: readonly Trigger[]
  /**
   * The nodes of the graph. Where no step has `next` they are a sequence, without the steps that an `onError.to` reaches.
   *
   * @minItems 1
   * @maxItems 128
   * @x-kubernetes-list-type map
   * @x-kubernetes-list-map-keys ["name"]
   */
  readonly steps: readonly Step[]
  /** What an edit means for messages under way. */
  readonly update?: Update
  /**
   * Pins the revision with this number: the flow runs as it was then, whatever else the spec says.
   *
   * @asType integer
   * @minimum 1
   */
  readonly revision?: number
}

/** What an edit means for messages under way. */
export interface Update {
  /** `finish` (default): they run under the revision they began with. `follow`: under the newest that fits them. */
  readonly pending?: 'finish' | 'follow'
}
