import type { Condition } from './condition.ts'
import type { JsonObject, ObjectMeta } from './meta.ts'

/**
 * A connector: an image or inline source with named functions.
 *
 * @x-weir-resource {"plural": "components", "shortNames": ["comp"], "scope": "Namespaced"}
 */
export interface Component {
  readonly apiVersion: 'weir.dev/v1alpha1'
  readonly kind: 'Component'
  readonly metadata: ObjectMeta
  readonly spec: ComponentSpec
  readonly status?: ComponentStatus
}

/**
 * The catalogue that all namespaces may use; its pods still run in the flow's namespace.
 *
 * @x-weir-resource {"plural": "clustercomponents", "shortNames": ["ccomp"], "scope": "Cluster"}
 */
export interface ClusterComponent {
  readonly apiVersion: 'weir.dev/v1alpha1'
  readonly kind: 'ClusterComponent'
  readonly metadata: ObjectMeta
  readonly spec: ComponentSpec
  readonly status?: ComponentStatus
}

export interface ComponentSpec {
  readonly image?: string
  readonly source?: ComponentSource
  readonly protocol?: 'node' | 'http'
  readonly dialect?: 'auto' | 'oih' | 'elasticio'
  readonly isolation?: 'process' | 'shared'
  readonly functions?: readonly ComponentFunction[]
  readonly scaling?: Scaling
  readonly resources?: JsonObject
  readonly env?: readonly EnvVar[]
  readonly podTemplate?: JsonObject
  readonly egress?: readonly JsonObject[]
}

export interface ComponentSource {
  /** File name to content. Without a `component.json`, each `NAME.js` that exports `process` is the action NAME. */
  readonly files: Readonly<Record<string, string>>
}

export interface ComponentFunction {
  readonly name: string
  readonly kind: 'trigger' | 'action'
  /** The file that holds it, from the component's root. */
  readonly main?: string
  readonly title?: string
  readonly description?: string
  /** `one`: at most one message a call, so that its id needs no hash of the body. */
  readonly emits?: 'one' | 'many'
  /** `checkpoint: true` writes the snapshot during a long poll. */
  readonly snapshot?: boolean
  readonly checkpoint?: boolean
  readonly config?: JsonObject
  readonly input?: JsonObject
  readonly output?: JsonObject
  readonly credentialTypes?: readonly string[]
}

export interface Scaling {
  readonly min?: number
  readonly max?: number
  readonly idleSeconds?: number
  readonly targetDrainSeconds?: number
  readonly maxProcesses?: number
}

/** Core EnvVar: a literal value, or `valueFrom` as Kubernetes has it. */
export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: JsonObject
}

export interface ComponentStatus {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
  readonly functions?: readonly ComponentFunction[]
}
