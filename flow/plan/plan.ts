import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { PlanTriggerSpec } from './defaults.ts'
import type { TriggerKind } from './trigger-kinds.ts'
import type { Dialect, FunctionContract, Isolation } from '../component/component-contract.ts'

/**
 * A compiled Flow: data only, the same for the same semantics. Every default is resolved here.
 * Expressions are kept as their source; a runner compiles them when it activates the plan.
 */
export interface Plan {
  readonly format: 1
  readonly flow: PlanFlow
  /** Never used twice for a flow; 1 is the first. */
  readonly revision: number
  /** Of the flow's semantics and its components' contracts; not of the revision number, queue names or formatting. */
  readonly hash: string
  readonly triggers: readonly PlanTrigger[]
  readonly steps: Readonly<Record<string, PlanStep>>
  readonly stages: readonly PlanStage[]
  readonly carried: Carried
}

export interface PlanFlow {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  readonly suspend: boolean
  readonly freeze: boolean
  readonly pending: 'finish' | 'follow'
}

/** A trigger with its defaults, and where its messages go. */
export interface PlanTrigger {
  readonly name: string
  readonly kind: TriggerKind
  readonly spec: PlanTriggerSpec
  /** Entry step. */
  readonly to: string
  /** Queue of the stage that holds the entry step. */
  readonly queue: string
}

/** One component step and the built-ins fused behind it; or, for what a trigger reaches before any component, the one `_core` stage. */
export interface PlanStage {
  /** The component step's name, or `_core`. */
  readonly name: string
  /** `<flow uid>.<step>.<hash>.<revision that introduced it>`. */
  readonly queue: string
  /** `core`, or `<Component|ClusterComponent>/<name>`; with `dedicated`, `/<flow uid>/<step>` behind it. */
  readonly pool: string
  /** Steps at which a message may enter (`at`), in the order of the flow: the stage's own and every built-in fused in it. */
  readonly entries: readonly string[]
  readonly singleActiveConsumer: boolean
  readonly snapshot: 'none' | 'settlement' | 'checkpoint'
}

export type PlanStep = ComponentPlanStep | BuiltInPlanStep

interface PlanStepBase {
  readonly name: string
  readonly next: readonly PlanEdge[]
  readonly onError: PlanOnError
}

export interface ComponentPlanStep extends PlanStepBase {
  readonly kind: 'component'
  readonly component: { readonly kind: 'Component' | 'ClusterComponent'; readonly name: string }
  readonly dialect: Dialect
  readonly isolation: Isolation
  readonly function: FunctionContract
  readonly config: JsonObject
  readonly bind: Readonly<Record<string, string>>
  readonly credential?: string
  readonly timeoutSeconds: number
  readonly concurrencyPerProcess: number
  readonly ordered: boolean
  /** It has pods of its own. */
  readonly dedicated: boolean
  readonly deduplicate?: {
    readonly windowSeconds: number
    readonly key: string
    readonly onUnknown: 'deadLetter' | 'retry'
  }
}

export type BuiltInPlanStep = PlanStepBase &
  (
    | { readonly kind: 'transform'; readonly transform: string; readonly transformMetadata?: string }
    | { readonly kind: 'set'; readonly set: Readonly<Record<string, string>> }
    | { readonly kind: 'filter'; readonly filter: string }
    | { readonly kind: 'split'; readonly split: string }
    | { readonly kind: 'wait'; readonly seconds?: number; readonly until?: string }
    | { readonly kind: 'log'; readonly log: string }
    | { readonly kind: 'fail'; readonly code: string; readonly message: string }
    | {
        readonly kind: 'respond'
        readonly status?: string
        readonly headers: Readonly<Record<string, string>>
        readonly body?: string
      }
  )

export interface PlanEdge {
  /** Hash of (from, to, when, map): part of a child's id. */
  readonly key: string
  readonly to: string
  readonly when?: string
  readonly otherwise: boolean
  readonly map?: string
}

/** Built-ins have `maxAttempts: 1`. */
export interface PlanOnError {
  readonly retry: PlanRetry
  readonly then: 'deadLetter' | 'discard'
  readonly to?: { readonly step: string; readonly key: string }
}

export interface PlanRetry {
  /** The first included. */
  readonly maxAttempts: number
  readonly initialDelaySeconds: number
  readonly maxDelaySeconds: number
  readonly factor: number
}

/** What messages carry: for each ancestor that some expression names, the paths that are read of it; likewise of the trigger. */
export interface Carried {
  readonly steps: Readonly<Record<string, readonly (readonly string[])[]>>
  readonly trigger: readonly (readonly string[])[]
}
