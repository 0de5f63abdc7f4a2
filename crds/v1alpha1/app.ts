import type { Condition } from './condition.ts'
import type { ObjectMeta } from './meta.ts'

/**
 * The application at the other end.
 *
 * @x-weir-resource {"plural": "apps", "shortNames": ["wapp"], "scope": "Namespaced"}
 */
export interface App {
  readonly apiVersion: 'weir.dev/v1alpha1'
  readonly kind: 'App'
  readonly metadata: ObjectMeta
  readonly spec: AppSpec
  readonly status?: AppStatus
}

export interface AppSpec {
  readonly title?: string
  readonly oauth2?: {
    readonly authorizationUrl?: string
    readonly tokenUrl: string
    readonly revocationUrl?: string
    readonly scopes?: readonly string[]
    readonly client?: { readonly secretRef: { readonly name: string } }
  }
  /** What all flows that use the app share. */
  readonly rateBudget?: { readonly requests: number; readonly perSeconds: number; readonly concurrency?: number }
  readonly components?: readonly string[]
  readonly dataModels?: readonly string[]
}

export interface AppStatus {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
}
