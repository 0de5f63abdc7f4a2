import type { Condition } from './condition.ts'
import type { JsonObject, ObjectMeta } from './meta.ts'

/**
 * A graph of steps, with what starts it.
 *
 * @x-weir-resource {"plural": "flows", "shortNames": ["fl"], "scope": "Namespaced"}
 */
export interface Flow {
  readonly apiVersion: 'weir.dev/v1alpha1'
  readonly kind: 'Flow'
  readonly metadata: ObjectMeta
  readonly spec: FlowSpec
  readonly status?: FlowStatus
}

export interface FlowSpec {
  readonly suspend?: boolean
  readonly freeze?: boolean
  readonly triggers: readonly Trigger[]
  readonly steps: readonly Step[]
  readonly update?: { readonly pending?: 'finish' | 'follow' }
  /** Pins the revision with this number. */
  readonly revision?: number
}

export interface Trigger {
  readonly name: string
  /** The entry step; by default the first of the list. */
  readonly to?: string
  readonly schedule?: ScheduleTrigger
  readonly webhook?: WebhookTrigger
  readonly poll?: PollTrigger
  readonly listen?: Readonly<Record<string, never>>
  readonly manual?: Readonly<Record<string, never>>
}

export interface ScheduleTrigger {
  readonly cron: string
  readonly timeZone?: string
  readonly jitterSeconds?: number
  readonly missed?: 'skip' | 'latest' | 'all'
  readonly startingDeadlineSeconds?: number
  readonly overlap?: 'allow' | 'forbid'
}

export interface PollTrigger {
  readonly everySeconds: number
  /** Fire again at once as long as a fire gave at least one message. */
  readonly untilEmpty?: boolean
}

export interface WebhookTrigger {
  /** Starts with `/`; a segment `{name}` is a parameter. */
  readonly path: string
  readonly methods?: readonly HttpMethod[]
  readonly auth: WebhookAuth
  readonly reply?: 'accepted' | 'sync'
  readonly accepted?: { readonly status?: number; readonly body?: string }
  readonly sync?: { readonly timeoutSeconds?: number; readonly onTimeout?: 'accepted' | 'error' }
  /** JSON Schema of the request's body. */
  readonly schema?: JsonObject
  readonly maxBodyBytes?: number
}

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'

/** Exactly one. */
export interface WebhookAuth {
  readonly none?: Readonly<Record<string, never>>
  readonly hmac?: HmacAuth
  readonly jwt?: JwtAuth
  readonly basic?: { readonly credential: string }
  readonly apiKey?: { readonly credential: string; readonly in?: 'header' | 'query'; readonly name?: string }
  readonly mtls?: { readonly credential: string }
}

export interface HmacAuth {
  readonly credential: string
  readonly header?: string
  readonly algorithm?: 'sha1' | 'sha256' | 'sha512'
  readonly encoding?: 'hex' | 'base64' | 'base64url'
  /** What stands before the signature in the header, as `sha256=`. */
  readonly prefix?: string
  readonly timestampHeader?: string
  readonly toleranceSeconds?: number
}

export interface JwtAuth {
  readonly credential: string
  readonly issuer?: string
  readonly audience?: string
}

/** One node of the graph: a component's function, or exactly one built-in. */
export interface Step {
  readonly name: string
  readonly component?: string
  readonly clusterComponent?: string
  readonly function?: string
  readonly config?: JsonObject
  /** Config values computed from each message: an expression a key. */
  readonly bind?: Readonly<Record<string, string>>
  readonly credential?: string
  readonly transform?: string
  readonly transformMetadata?: string
  /** The new `data`: an expression a field. */
  readonly set?: Readonly<Record<string, string>>
  readonly filter?: string
  readonly split?: string
  readonly wait?: { readonly seconds?: number; readonly until?: string }
  readonly log?: string
  readonly fail?: { readonly code: string; readonly message: string }
  readonly respond?: RespondStep
  readonly next?: readonly Edge[]
  readonly onError?: OnError
  readonly timeoutSeconds?: number
  readonly concurrencyPerProcess?: number
  readonly order?: Readonly<Record<string, never>>
  readonly deduplicate?: Deduplicate
  readonly dedicated?: Readonly<Record<string, never>>
}

/** Each an expression; status 200 when left out, body the message's data. */
export interface RespondStep {
  readonly status?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Edge {
  readonly to: string
  readonly when?: string
  readonly otherwise?: boolean
  readonly map?: string
}

export interface OnError {
  readonly retry?: Retry
  readonly then?: 'deadLetter' | 'discard'
  readonly to?: string
}

export interface Retry {
  readonly maxAttempts?: number
  readonly initialDelaySeconds?: number
  readonly maxDelaySeconds?: number
  readonly factor?: number
}

export interface Deduplicate {
  readonly windowSeconds: number
  readonly key: string
  readonly onUnknown?: 'deadLetter' | 'retry'
}

export interface FlowStatus {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
}
