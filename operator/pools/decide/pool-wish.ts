import type { ComponentSpec } from '../../../crds/v1alpha1/component.ts'

/** A part of an object of Kubernetes. */
export type Fields = Readonly<Record<string, unknown>>

/** An object of Kubernetes without `apiVersion` and `kind`, as it is applied. */
export interface WantedObject {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly PoolOwner[]
  }
  readonly [field: string]: unknown
}

export interface PoolOwner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller: boolean
  readonly blockOwnerDeletion: boolean
}

/** What is the same for all pools of a cluster. */
export interface PoolPlatform {
  /** Of the runner, and of inline source. */
  readonly image: string
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
  /** The shim in that image: one file. */
  readonly shimPath: string
  /** Starts a runner in that image. */
  readonly runnerCommand: readonly string[]
  /** Beside what each pool sets itself. */
  readonly runnerEnv: Readonly<Record<string, string>>
  readonly network: {
    readonly broker: Reach
    readonly store: Reach
    readonly api: Reach
  }
}

/** Where a server is, for a NetworkPolicy: without `to`, these ports anywhere. */
export interface Reach {
  readonly ports: readonly number[]
  /** NetworkPolicyPeers. */
  readonly to?: readonly Fields[]
}

/** How the runners of a namespace reach its queues and its state: a Secret of theirs, with two URLs. */
export interface TenantConnection {
  readonly secret: string
  readonly brokerKey: string
  readonly storeKey: string
  /** Changes when pods must start anew to go on working. */
  readonly version?: string
}

/** All that a pool's objects are made of. */
export interface PoolWish {
  readonly namespace: string
  /** As plans have it: `core`, `Component/shop`, `Component/shop/<flow uid>/<step>`. */
  readonly pool: string
  /** Undefined for `core`. */
  readonly component?: ComponentSpec
  /** Whose end is the pool's end. */
  readonly owner?: PoolOwner
  readonly connection: TenantConnection
  readonly access: PoolAccess
  readonly platform: PoolPlatform
}

/** What a pool's runner may read beside flows and revisions, by name. Undefined secrets: the operator may not give them away. */
export interface PoolAccess {
  readonly secrets: readonly string[]
  readonly credentials: readonly string[]
}
