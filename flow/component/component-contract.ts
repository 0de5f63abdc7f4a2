import type { JsonObject } from '../../crds/v1alpha1/meta.ts'

export type Dialect = 'oih' | 'elasticio'
export type Isolation = 'process' | 'shared'

/** What a flow needs to know of a component: its functions and how it wants to be run. Part of a plan's identity; the image is not. */
export interface ComponentContract {
  readonly kind: 'Component' | 'ClusterComponent'
  readonly name: string
  readonly namespace?: string
  readonly dialect: Dialect
  readonly isolation: Isolation
  readonly functions: Readonly<Record<string, FunctionContract>>
}

export interface FunctionContract {
  readonly name: string
  readonly kind: 'trigger' | 'action'
  /** File from the component's root, extension optional, as component.json has it; empty where only the component's own component.json tells. */
  readonly main: string
  readonly title?: string
  readonly description?: string
  readonly emits: 'one' | 'many'
  /** A function of kind trigger keeps a cursor; an action does when it says so. */
  readonly snapshot: boolean
  readonly checkpoint: boolean
  readonly config?: JsonObject
  readonly input?: JsonObject
  readonly output?: JsonObject
  readonly credentialTypes?: readonly string[]
}
