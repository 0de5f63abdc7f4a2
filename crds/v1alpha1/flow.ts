import type { Condition } from './condition.ts'
import type { JsonObject, LabelledObjectMeta } from './meta.ts'
import type {
  Code,
  Description,
  DnsLabel,
  ExpressionText,
  FunctionName,
  HeaderName,
  HttpUrl,
  ObjectName,
  Timestamp,
} from './text.ts'

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
  /** How it goes; written by the operator alone. */
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

/**
 * One node of the graph: a component's function, or exactly one built-in.
 *
 * @x-kubernetes-validations [
 *   {rule: "dyn(self).size() == 2 ? has(self.transform) || has(self.set) || has(self.filter) || has(self.log) || has(self.split) || has(self.wait) || has(self.respond) || has(self.fail) || has(self.component) || has(self.clusterComponent) : has(self.component) ? !(has(self.clusterComponent) || has(self.transform) || has(self.set) || has(self.filter) || has(self.log) || has(self.split) || has(self.wait) || has(self.respond) || has(self.fail)) : [has(self.clusterComponent), has(self.transform), has(self.set), has(self.filter), has(self.log), has(self.split), has(self.wait), has(self.respond), has(self.fail)].filter(x, x).size() == 1",
 *    message: "a step is exactly one of component, clusterComponent, transform, set, filter, split, wait, log, fail, respond", fieldPath: ".name"},
 *   {rule: "has(self.component) || has(self.clusterComponent) ? has(self.__function__) : !has(self.__function__)",
 *    message: "`function` names what the component does: a component step needs it, a built-in has none", fieldPath: ".function"},
 *   {rule: "dyn(self).size() == 2 || has(self.component) || has(self.clusterComponent) || !(has(self.config) || has(self.bind) || has(self.credential) || has(self.timeoutSeconds) || has(self.concurrencyPerProcess) || has(self.order) || has(self.deduplicate) || has(self.dedicated))",
 *    message: "config, bind, credential, timeoutSeconds, concurrencyPerProcess, order, deduplicate and dedicated belong to a component step", fieldPath: ".name"},
 *   {rule: "dyn(self).size() == 2 || !has(self.transformMetadata) || has(self.transform)",
 *    message: "`transformMetadata` stands beside a `transform`", fieldPath: ".transformMetadata"}
 * ]
 */
export interface Step {
  /** Unique among the flow's steps; expressions see an ancestor there as `$steps.NAME`. */
  readonly name: DnsLabel
  /** A Component of the flow's namespace. */
  readonly component?: DnsLabel
  /** A ClusterComponent. */
  readonly clusterComponent?: DnsLabel
  /** Which of the component's functions is called. */
  readonly function?: FunctionName
  /** What the function gets with every message, literally. */
  readonly config?: JsonObject
  /**
   * Config values computed from each message: an expression a key.
   *
   * @maxProperties 64
   */
  readonly bind?: Readonly<Record<string, ExpressionText>>
  /** A Credential of the flow's namespace; its fields are merged over config and bind. */
  readonly credential?: ObjectName
  /** Built-in: gives the new `data`. */
  readonly transform?: ExpressionText
  /** Beside `transform`: gives the new `metadata`. */
  readonly transformMetadata?: ExpressionText
  /**
   * Built-in: the new `data`, an expression a field.
   *
   * @minProperties 1
   * @maxProperties 256
   */
  readonly set?: Readonly<Record<string, ExpressionText>>
  /** Built-in: only messages for which this is true go on. */
  readonly filter?: ExpressionText
  /** Built-in: gives a list, and each of its elements becomes a message. */
  readonly split?: ExpressionText
  /** Built-in: the message goes on later. */
  readonly wait?: WaitStep
  /** Built-in: what this gives becomes a log line; the message goes on as it is. */
  readonly log?: ExpressionText
  /** Built-in: the message fails here. */
  readonly fail?: FailStep
  /** Built-in: answers the request that started the run. */
  readonly respond?: RespondStep
  /**
   * Where messages go from here: along every edge whose `when` is true, or that has none.
   *
   * @maxItems 16
   * @x-kubernetes-list-type atomic
   * @x-kubernetes-validations [
   *   {rule: "self.filter(e, has(e.otherwise) && e.otherwise).size() <= 1",
   *    message: "at most one edge of a step is `otherwise: true`"}
   * ]
   */
  readonly next?: readonly Edge[]
  /** What happens when the step fails. */
  readonly onError?: OnError
  /**
   * How long one call may take; 60 s when left out.
   *
   * @minimum 0.1
   * @maximum 1200
   */
  readonly timeoutSeconds?: number
  /**
   * How many messages a child process has at a time; 1 when left out, 32 for a component that is `isolation: shared`.
   *
   * @asType integer
   * @minimum 1
   * @maximum 1000
   */
  readonly concurrencyPerProcess?: number
  /** Messages run one by one, in the order in which they came. */
  readonly order?: Readonly<Record<string, never>>
  /** The same thing is done once within a window of time. */
  readonly deduplicate?: Deduplicate
  /** The step gets pods of its own. */
  readonly dedicated?: Readonly<Record<string, never>>
}

/**
 * How long a message waits.
 *
 * @x-kubernetes-validations [
 *   {rule: "dyn(self).size() == 1",
 *    message: "wait either `seconds`, or `until` an instant that an expression gives", fieldPath: ".seconds"}
 * ]
 */
export interface WaitStep {
  /**
   * From the message's arrival here.
   *
   * @minimum 0.1
   * @maximum 31536000
   */
  readonly seconds?: number
  /** An expression that gives an instant: ISO 8601, or milliseconds since 1970. */
  readonly until?: ExpressionText
}

/** The error of a message that fails on purpose; it is not retried. */
export interface FailStep {
  /** Literal, as `OrderWithoutCustomer`. */
  readonly code: Code
  /** An expression. */
  readonly message: ExpressionText
}

/** Each an expression; status 200 when left out, body the message's data. */
export interface RespondStep {
  /** An expression that gives an HTTP status. */
  readonly status?: ExpressionText
  /**
   * An expression a header.
   *
   * @maxProperties 64
   */
  readonly headers?: Readonly<Record<string, ExpressionText>>
  /** An expression that gives the answer's body. */
  readonly body?: ExpressionText
}

/**
 * The way from one step to another.
 *
 * @x-kubernetes-validations [
 *   {rule: "!(has(self.when) && has(self.otherwise) && self.otherwise)",
 *    message: "an edge has either `when` or `otherwise: true`", fieldPath: ".when"}
 * ]
 */
export interface Edge {
  /** The step at the other end. */
  readonly to: DnsLabel
  /** An expression: the edge is taken when it is true, as `$boolean` judges. */
  readonly when?: ExpressionText
  /** Taken when no edge with a `when` was. */
  readonly otherwise?: boolean
  /** An expression that gives the new `data` on this way. */
  readonly map?: ExpressionText
}

/**
 * What happens when a step fails.
 *
 * @x-kubernetes-validations [
 *   {rule: "!has(self.to) || !has(self.then)",
 *    message: "after the last attempt a message goes either to a step (`to`) or where `then` says", fieldPath: ".to"}
 * ]
 */
export interface OnError {
  /** How often, and with which pauses, it is tried again. */
  readonly retry?: Retry
  /** After the last attempt: a dead letter (default), or dropped and counted. */
  readonly then?: 'deadLetter' | 'discard'
  /** After the last attempt: to this step, the error in `metadata.error`. */
  readonly to?: DnsLabel
}

/**
 * How often, and with which pauses, a message is tried again.
 *
 * @x-kubernetes-validations [
 *   {rule: "!has(self.initialDelaySeconds) || !has(self.maxDelaySeconds) || self.initialDelaySeconds <= self.maxDelaySeconds",
 *    message: "maxDelaySeconds must not be below initialDelaySeconds", fieldPath: ".maxDelaySeconds"}
 * ]
 */
export interface Retry {
  /**
   * The first included; 12 when left out, 1 means no retry.
   *
   * @asType integer
   * @minimum 1
   * @maximum 1000
   */
  readonly maxAttempts?: number
  /**
   * From the first failure to the second attempt; 1 s when left out.
   *
   * @minimum 0.1
   * @maximum 86400
   */
  readonly initialDelaySeconds?: number
  /**
   * No pause is longer; 300 s when left out.
   *
   * @minimum 0.1
   * @maximum 86400
   */
  readonly maxDelaySeconds?: number
  /**
   * By which each pause is longer than the one before; 2 when left out.
   *
   * @minimum 1
   * @maximum 100
   */
  readonly factor?: number
}

/** The same thing is done once within a window of time. */
export interface Deduplicate {
  /**
   * From when it was done.
   *
   * @minimum 0.1
   * @maximum 31536000
   */
  readonly windowSeconds: number
  /** An expression: messages for which it gives the same are the same thing. */
  readonly key: ExpressionText
  /** What to do when nobody knows whether it was done: a dead letter (default), or try again. */
  readonly onUnknown?: 'deadLetter' | 'retry'
}

/** How a flow goes. */
export interface FlowStatus {
  /**
   * The generation of the spec that this status speaks of.
   *
   * @asType integer
   * @minimum 0
   */
  readonly observedGeneration?: number
  /**
   * `Ready`, `Reconciling`, `Stalled`, `Active` and more.
   *
   * @maxItems 16
   * @x-kubernetes-list-type map
   * @x-kubernetes-list-map-keys ["type"]
   */
  readonly conditions?: readonly Condition[]
  /**
   * The revision that new messages are stamped with.
   *
   * @asType integer
   * @minimum 1
   */
  readonly activeRevision?: number
  /**
   * The revision that `spec.revision` pins.
   *
   * @asType integer
   * @minimum 1
   */
  readonly pinnedRevision?: number
  /**
   * Messages that wait in the flow's queues.
   *
   * @asType integer
   * @minimum 0
   */
  readonly backlog?: number
  /**
   * Dead letters that nobody has replayed or dropped.
   *
   * @asType integer
   * @minimum 0
   */
  readonly deadLetters?: number
  /**
   * Where webhooks are called.
   *
   * @maxItems 32
   * @x-kubernetes-list-type map
   * @x-kubernetes-list-map-keys ["trigger"]
   */
  readonly webhooks?: readonly WebhookAddress[]
  /** When the next schedule fires. */
  readonly nextRunAt?: Timestamp
  /** When a run last started. */
  readonly lastRunAt?: Timestamp
  /** The latest message that failed for good. */
  readonly lastError?: LastError
  /** What its edits have come to: the living queues, the plans that are kept, what is being retired. Runners and operator work by it. */
  readonly state?: FlowChangeState
}

/** Where a webhook is called. */
export interface WebhookAddress {
  /** The trigger's name. */
  readonly trigger: DnsLabel
  /** The address, from outside where there is one. */
  readonly url: HttpUrl
}

/** A failure, as far as a status tells it. */
export interface LastError {
  /** What happened, in one word. */
  readonly code: Code
  /** What happened, in words. */
  readonly message: Description
  /** Where it happened. */
  readonly step?: DnsLabel
  /** When it happened. */
  readonly at: Timestamp
}

/**
 * What the edits of a flow have come to, in a compact form that programs read. Nobody but the operator writes it: revisions are numbered by it.
 *
 * @x-kubernetes-map-type atomic
 */
export interface FlowChangeState {
  /**
   * The form of what follows; 1 today.
   *
   * @asType integer
   * @minimum 1
   */
  readonly format: number
  /**
   * Counts the writes.
   *
   * @asType integer
   * @minimum 1
   */
  readonly version: number
  /**
   * The uid of the Flow that it is about, so that it is of no other one.
   *
   * @minLength 1
   * @maxLength 128
   */
  readonly flow: string
  /**
   * The highest number of a revision that was ever given.
   *
   * @asType integer
   * @minimum 0
   */
  readonly lastRevision: number
  /**
   * The revision that new messages are stamped with.
   *
   * @asType integer
   * @minimum 1
   */
  readonly active?: number
  /**
   * The revision that the active one is a copy of, when one is pinned.
   *
   * @asType integer
   * @minimum 1
   */
  readonly pinned?: number
  /** The revision that is to become active. */
  readonly pending?: PendingChange
  /** No new runs. */
  readonly suspended?: boolean
  /** No new runs, and no message moves. */
  readonly frozen?: boolean
  /** Milliseconds since 1970, since when it is suspended or frozen. */
  readonly stoodSince?: number
  /** It is being deleted. */
  readonly deletion?: ChangeDeletion
  /** Who brings the retiring queues to their end. */
  readonly retirer?: ChangeLease
  /**
   * Queues that are consumed: `STEP HASH INTRODUCED POOL REVISION`, with ` single` behind it where one consumer at a time has it.
   *
   * @maxItems 512
   * @x-kubernetes-list-type atomic
   */
  readonly living?: readonly StateLine[]
  /**
   * Queues of the pending revision: `#INDEX` of a living one, or `STEP HASH INTRODUCED POOL`, with ` single` behind it as above.
   *
   * @maxItems 512
   * @x-kubernetes-list-type atomic
   */
  readonly introducing?: readonly StateLine[]
  /**
   * Queues on their way out: `STEP HASH INTRODUCED SINCE`, in milliseconds since 1970.
   *
   * @maxItems 512
   * @x-kubernetes-list-type atomic
   */
  readonly retiring?: readonly StateLine[]
  /**
   * Plans that are kept: `REVISION HASH` of the active and the pending one, `REVISION - UNTIL` of those that were active until then.
   *
   * @maxItems 512
   * @x-kubernetes-list-type atomic
   */
  readonly kept?: readonly StateLine[]
  /**
   * In place of these four lists where they are long: base64 of their deflated JSON.
   *
   * @maxLength 32768
   */
  readonly packed?: string
}

/** @maxLength 2048 */
export type StateLine = string

/** A revision that is to become active. */
export interface PendingChange {
  /**
   * Its number.
   *
   * @asType integer
   * @minimum 1
   */
  readonly revision: number
  /**
   * The hash of its plan.
   *
   * @maxLength 128
   */
  readonly hash: string
  /** Milliseconds since 1970, when its last new queue was declared. */
  readonly declaredAt?: number
  /**
   * Why its queues may not be declared yet.
   *
   * @maxLength 64
   */
  readonly blocked?: string
}

/** A deletion that was asked for. */
export interface ChangeDeletion {
  /** Milliseconds since 1970. */
  readonly askedAt: number
  /** What has not finished so many milliseconds later becomes dead letters. */
  readonly deadlineMs: number
}

/** Who does something, until when at the latest. */
export interface ChangeLease {
  /**
   * A process.
   *
   * @maxLength 128
   */
  readonly by: string
  /** Milliseconds since 1970. */
  readonly until: number
}
