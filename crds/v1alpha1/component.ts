import type { Condition } from './condition.ts'
import type { JsonObject, LabelledObjectMeta } from './meta.ts'
import type { Description, FunctionName, Title } from './text.ts'

/**
 * A connector: an image or inline source with named functions.
 *
 * @x-weir-resource {plural: "components", shortNames: ["comp"], scope: "Namespaced"}
 * @x-weir-columns [
 *   {name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status'},
 *   {name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason'},
 *   {name: "Dialect", type: "string", jsonPath: ".spec.dialect"},
 *   {name: "Isolation", type: "string", jsonPath: ".spec.isolation", priority: 1},
 *   {name: "Image", type: "string", jsonPath: ".spec.image", priority: 1},
 *   {name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp"}
 * ]
 */
export interface Component {
  readonly apiVersion: 'weir.dev/v1alpha1'
  readonly kind: 'Component'
  readonly metadata: LabelledObjectMeta
  /** Where its code comes from, and how it wants to be run. */
  readonly spec: ComponentSpec
  /** What the operator found in it. */
  readonly status?: ComponentStatus
}

/**
 * The catalogue that all namespaces may use; its pods still run in the flow's namespace.
 *
 * @x-weir-resource {plural: "clustercomponents", shortNames: ["ccomp"], scope: "Cluster"}
 * @x-weir-columns [
 *   {name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status'},
 *   {name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason'},
 *   {name: "Dialect", type: "string", jsonPath: ".spec.dialect"},
 *   {name: "Isolation", type: "string", jsonPath: ".spec.isolation", priority: 1},
 *   {name: "Image", type: "string", jsonPath: ".spec.image", priority: 1},
 *   {name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp"}
 * ]
 */
export interface ClusterComponent {
  readonly apiVersion: 'weir.dev/v1alpha1'
  readonly kind: 'ClusterComponent'
  readonly metadata: LabelledObjectMeta
  /** Where its code comes from, and how it wants to be run. */
  readonly spec: ComponentSpec
  /** What the operator found in it. */
  readonly status?: ComponentStatus
}

/**
 * @x-kubernetes-validations [
 *   {rule: "has(self.image) != has(self.source)",
 *    message: "a component's code comes either from an `image` or from inline `source`", fieldPath: ".image"}
 * ]
 */
export interface ComponentSpec {
  /**
   * Any OIH or elastic.io component image with Node 8 or newer. Local runs take a directory in its place.
   *
   * @minLength 1
   * @maxLength 512
   * @pattern ^[^\s]+$
   */
  readonly image?: string
  /** Its files, for small things and examples. */
  readonly source?: ComponentSource
  /** How the runner speaks with it: `node` (default) by the shim, `http` on localhost, for any language. */
  readonly protocol?: 'node' | 'http'
  /** Which platform it was written for; `auto` (default) finds out from its files. */
  readonly dialect?: 'auto' | 'oih' | 'elasticio'
  /** `process` (default): a child process for each step. `shared`: one for many steps, for what keeps no state. */
  readonly isolation?: 'process' | 'shared'
  /**
   * What it offers; where this is absent, its component.json tells.
   *
   * @maxItems 256
   * @x-kubernetes-list-type map
   * @x-kubernetes-list-map-keys ["name"]
   */
  readonly functions?: readonly ComponentFunction[]
  /** How many pods serve it. */
  readonly scaling?: Scaling
  /** Requests and limits of its container, as Kubernetes has them. */
  readonly resources?: JsonObject
  /**
   * Its environment.
   *
   * @maxItems 256
   * @x-kubernetes-list-type map
   * @x-kubernetes-list-map-keys ["name"]
   */
  readonly env?: readonly EnvVar[]
  /** Laid over the pods that the operator makes, as Kubernetes' PodTemplateSpec. */
  readonly podTemplate?: JsonObject
  /**
   * Where its pods may connect to, as rules of a NetworkPolicy.
   *
   * @maxItems 64
   * @x-kubernetes-list-type atomic
   */
  readonly egress?: readonly JsonObject[]
}

/** Inline files. */
export interface ComponentSource {
  /**
   * File name to content. Without a `component.json`, each `NAME.js` that exports `process` is the action NAME.
   *
   * @minProperties 1
   * @maxProperties 64
   */
  readonly files: Readonly<Record<string, FileText>>
}

/** @maxLength 262144 */
export type FileText = string

/** What a component can be asked to do. */
export interface ComponentFunction {
  /** What a step's `function` names. */
  readonly name: FunctionName
  /** A trigger starts runs; an action works on messages. */
  readonly kind: 'trigger' | 'action'
  /**
   * The file that holds it, from the component's root.
   *
   * @minLength 1
   * @maxLength 512
   */
  readonly main?: string
  /** Its name for people. */
  readonly title?: Title
  /** What it does. */
  readonly description?: Description
  /** `one`: at most one message a call, so that its id needs no hash of the body. */
  readonly emits?: 'one' | 'many'
  /** Keeps a cursor between calls; a trigger does unless it says false. */
  readonly snapshot?: boolean
  /** `checkpoint: true` writes the snapshot during a long poll. */
  readonly checkpoint?: boolean
  /** JSON Schema of its config. */
  readonly config?: JsonObject
  /** JSON Schema of the data it takes. */
  readonly input?: JsonObject
  /** JSON Schema of the data it gives. */
  readonly output?: JsonObject
  /**
   * The types of Credential that it works with; any when left out.
   *
   * @maxItems 16
   * @x-kubernetes-list-type set
   */
  readonly credentialTypes?: readonly CredentialTypeName[]
}

/**
 * @minLength 1
 * @maxLength 64
 */
export type CredentialTypeName = string

/**
 * How many pods serve a component.
 *
 * @x-kubernetes-validations [
 *   {rule: "!has(self.min) || !has(self.max) || self.min <= self.max",
 *    message: "max must not be below min", fieldPath: ".max"}
 * ]
 */
export interface Scaling {
  /**
   * Pods that stay when there is nothing to do.
   *
   * @asType integer
   * @minimum 0
   * @maximum 1000
   */
  readonly min?: number
  /**
   * Pods at most.
   *
   * @asType integer
   * @minimum 1
   * @maximum 1000
   */
  readonly max?: number
  /**
   * Without work for this long, a pod goes; an idle child process too.
   *
   * @minimum 0.1
   * @maximum 86400
   */
  readonly idleSeconds?: number
  /**
   * So many pods that the backlog would be gone after this.
   *
   * @minimum 0.1
   * @maximum 86400
   */
  readonly targetDrainSeconds?: number
  /**
   * Child processes in one pod, at most.
   *
   * @asType integer
   * @minimum 1
   * @maximum 1000
   */
  readonly maxProcesses?: number
}

/**
 * Core EnvVar: a literal value, or `valueFrom` as Kubernetes has it.
 *
 * @x-kubernetes-validations [
 *   {rule: "!(has(self.value) && has(self.valueFrom))",
 *    message: "a variable has either a value or valueFrom", fieldPath: ".valueFrom"}
 * ]
 */
export interface EnvVar {
  /**
   * The variable's name.
   *
   * @minLength 1
   * @maxLength 256
   * @pattern ^[-._a-zA-Z][-._a-zA-Z0-9]*$
   */
  readonly name: string
  /**
   * Literal; empty when left out.
   *
   * @maxLength 32768
   */
  readonly value?: string
  /** Where the value comes from: a key of a Secret or ConfigMap, or a field of the pod. */
  readonly valueFrom?: JsonObject
}

/** What the operator found in a component. */
export interface ComponentStatus {
  /**
   * The generation of the spec that this status speaks of.
   *
   * @asType integer
   * @minimum 0
   */
  readonly observedGeneration?: number
  /**
   * `Ready` and more.
   *
   * @maxItems 16
   * @x-kubernetes-list-type map
   * @x-kubernetes-list-map-keys ["type"]
   */
  readonly conditions?: readonly Condition[]
  /**
   * What its component.json offers.
   *
   * @maxItems 256
   * @x-kubernetes-list-type map
   * @x-kubernetes-list-map-keys ["name"]
   */
  readonly functions?: readonly ComponentFunction[]
  /** The dialect that its code was found to speak. */
  readonly dialect?: 'oih' | 'elasticio'
  /** What its component.json says of how it wants to be run. */
  readonly isolation?: 'process' | 'shared'
  /**
   * The image that this was read from; of another one nothing is known yet.
   *
   * @maxLength 512
   */
  readonly image?: string
}
