import type { JsonObject } from './meta.ts'
import type { DnsLabel, ExpressionText, HeaderName, ObjectName } from './text.ts'

/**
 * What starts a run.
 *
 * @x-kubernetes-validations [
 *   {rule: "dyn(self).size() == (has(self.to) ? 3 : 2)",
 *    message: "a trigger is exactly one of schedule, webhook, poll, listen, manual", fieldPath: ".name"}
 * ]
 */
export interface Trigger {
  /** Unique among the flow's triggers; expressions see it as `$trigger.name`. */
  readonly name: DnsLabel
  /** The entry step; by default the first of the list. */
  readonly to?: DnsLabel
  /** Fires at times of the clock. */
  readonly schedule?: ScheduleTrigger
  /** Fires for each HTTP request. */
  readonly webhook?: WebhookTrigger
  /** Fires in a rhythm, and again at once while there is more to fetch. */
  readonly poll?: PollTrigger
  /** A function that emits for ever: started, restarted, never reaped. */
  readonly listen?: Readonly<Record<string, never>>
  /** Fires when somebody asks for it. */
  readonly manual?: Readonly<Record<string, never>>
}

/** Fires at times of the clock. */
export interface ScheduleTrigger {
  /**
   * Five fields, or six with seconds first, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.
   *
   * @minLength 1
   * @maxLength 256
   */
  readonly cron: string
  /**
   * IANA name, as `Europe/Berlin`; UTC when left out.
   *
   * @minLength 1
   * @maxLength 64
   * @pattern ^[A-Za-z][A-Za-z0-9_+/-]*$
   */
  readonly timeZone?: string
  /**
   * Each fire is late by a part of this, so that many flows do not start in the same second.
   *
   * @minimum 0
   * @maximum 86400
   */
  readonly jitterSeconds?: number
  /** Times that passed while nobody could fire: none of them, the latest (default), or all, oldest first. */
  readonly missed?: 'skip' | 'latest' | 'all'
  /**
   * A missed time older than this is skipped.
   *
   * @minimum 0.1
   * @maximum 31536000
   */
  readonly startingDeadlineSeconds?: number
  /** `forbid`: no fire while a run of this flow has messages under way. */
  readonly overlap?: 'allow' | 'forbid'
}

/** Fires in a rhythm. */
export interface PollTrigger {
  /**
   * From one fire to the next.
   *
   * @minimum 0.1
   * @maximum 2678400
   */
  readonly everySeconds: number
  /** Fire again at once as long as a fire gave at least one message. */
  readonly untilEmpty?: boolean
}

/**
 * Fires for each HTTP request to `/hooks/<namespace>/<path>`.
 *
 * @x-kubernetes-validations [
 *   {rule: "!has(self.sync) || (has(self.reply) && self.reply == 'sync')",
 *    message: "`sync` says how to wait for the answer: it needs `reply: sync`", fieldPath: ".sync"},
 *   {rule: "dyn(self.auth).size() == 1",
 *    message: "auth is exactly one of none, hmac, jwt, basic, apiKey, mtls; to let everybody in write `none: {}`", fieldPath: ".auth"}
 * ]
 */
export interface WebhookTrigger {
  /**
   * Starts with `/`; a segment `{name}` is a parameter.
   *
   * @minLength 2
   * @maxLength 512
   * @pattern ^(/([A-Za-z0-9._~%-]+|\{[A-Za-z_][A-Za-z0-9_]*\}))+/?$
   */
  readonly path: string
  /**
   * What is answered with more than 405; POST alone when left out.
   *
   * @minItems 1
   * @maxItems 6
   * @x-kubernetes-list-type set
   */
  readonly methods?: readonly HttpMethod[]
  /** Who may call. */
  readonly auth: WebhookAuth
  /** `accepted` (default): 202 as soon as the message is safe. `sync`: what a `respond` step gives. */
  readonly reply?: 'accepted' | 'sync'
  /** The answer to a request that was taken over. */
  readonly accepted?: AcceptedReply
  /** How long to wait for `respond`. */
  readonly sync?: SyncReply
  /** JSON Schema of the request's body; what does not fit is answered with 422. */
  readonly schema?: JsonObject
  /**
   * A larger body is answered with 413.
   *
   * @asType integer
   * @minimum 1
   * @maximum 104857600
   */
  readonly maxBodyBytes?: number
}

/** A method that a webhook may be called by. */
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'

/** The answer to a request that was taken over. */
export interface AcceptedReply {
  /**
   * 202 when left out.
   *
   * @asType integer
   * @minimum 200
   * @maximum 299
   */
  readonly status?: number
  /** An expression; the run's id when left out. */
  readonly body?: ExpressionText
}

/** How long a caller waits for `respond`. */
export interface SyncReply {
  /**
   * From the request's arrival.
   *
   * @minimum 0.1
   * @maximum 1200
   */
  readonly timeoutSeconds?: number
  /** `accepted`: 202 and the address of the run's status. `error`: 504. */
  readonly onTimeout?: 'accepted' | 'error'
}

/** Who may call a webhook: exactly one way to tell. */
export interface WebhookAuth {
  /** Everybody. */
  readonly none?: Readonly<Record<string, never>>
  /** Whoever can sign the raw body. */
  readonly hmac?: HmacAuth
  /** Whoever has a token that the issuer signed. */
  readonly jwt?: JwtAuth
  /** Whoever knows user name and password. */
  readonly basic?: BasicAuth
  /** Whoever knows the key. */
  readonly apiKey?: ApiKeyAuth
  /** Whoever has a client certificate of the authority. */
  readonly mtls?: MtlsAuth
}

/** A signature of the raw body. */
export interface HmacAuth {
  /** A Credential of type hmac. */
  readonly credential: ObjectName
  /** Where the signature stands. */
  readonly header?: HeaderName
  /** The hash in the HMAC; sha256 when left out. */
  readonly algorithm?: 'sha1' | 'sha256' | 'sha512'
  /** How the signature is written; hex when left out. */
  readonly encoding?: 'hex' | 'base64' | 'base64url'
  /**
   * What stands before the signature in the header, as `sha256=`.
   *
   * @maxLength 64
   */
  readonly prefix?: string
  /** Where the instant of signing stands; it is signed together with the body. */
  readonly timestampHeader?: HeaderName
  /**
   * How far that instant may be from now.
   *
   * @minimum 0.1
   * @maximum 86400
   */
  readonly toleranceSeconds?: number
}

/** A bearer token. */
export interface JwtAuth {
  /** A Credential of type jwks. */
  readonly credential: ObjectName
  /**
   * What the token's `iss` must be.
   *
   * @minLength 1
   * @maxLength 512
   */
  readonly issuer?: string
  /**
   * What must be among the token's `aud`.
   *
   * @minLength 1
   * @maxLength 512
   */
  readonly audience?: string
}

/** User name and password. */
export interface BasicAuth {
  /** A Credential of type basic. */
  readonly credential: ObjectName
}

/** A key that the caller sends. */
export interface ApiKeyAuth {
  /** A Credential of type apiKey. */
  readonly credential: ObjectName
  /** Where the key stands; in a header when left out. */
  readonly in?: 'header' | 'query'
  /** The header's or parameter's name; `X-API-Key` when left out. */
  readonly name?: HeaderName
}

/** A client certificate. */
export interface MtlsAuth {
  /** A Credential of type mtls: its `ca.crt` is the authority. */
  readonly credential: ObjectName
}
