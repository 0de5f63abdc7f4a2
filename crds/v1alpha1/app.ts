import type { Condition } from './condition.ts'
import type { ObjectMeta } from './meta.ts'
import type { DnsLabel, HttpUrl, ObjectName, Title } from './text.ts'
import type { Scope } from './credential.ts'

/**
 * The application at the other end.
 *
 * @x-weir-resource {plural: "apps", shortNames: ["wapp"], scope: "Namespaced"}
 * @x-weir-columns [
 *   {name: "Title", type: "string", jsonPath: ".spec.title"},
 *   {name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status'},
 *   {name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason'},
 *   {name: "Requests", type: "integer", jsonPath: ".spec.rateBudget.requests", priority: 1},
 *   {name: "Per seconds", type: "number", jsonPath: ".spec.rateBudget.perSeconds", priority: 1},
 *   {name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp"}
 * ]
 */
export interface App {
  readonly apiVersion: 'weir.dev/v1alpha1'
  readonly kind: 'App'
  readonly metadata: ObjectMeta
  /** What all flows that use the application share. */
  readonly spec: AppSpec
  /** Whether it can be used. */
  readonly status?: AppStatus
}

/** What all flows that use the application share. */
export interface AppSpec {
  /** Its name for people. */
  readonly title?: Title
  /** How its users let Weir act for them. */
  readonly oauth2?: OAuth2Client
  /** What all steps that use a Credential of the app share. */
  readonly rateBudget?: RateBudget
  /**
   * The components that speak with it.
   *
   * @maxItems 64
   * @x-kubernetes-list-type set
   */
  readonly components?: readonly DnsLabel[]
  /**
   * The data models that it can be mapped to.
   *
   * @maxItems 64
   * @x-kubernetes-list-type set
   */
  readonly dataModels?: readonly ObjectName[]
}

/** An application's OAuth 2 endpoints, and Weir's registration there. */
export interface OAuth2Client {
  /** Where people agree. */
  readonly authorizationUrl?: HttpUrl
  /** Where tokens are issued and renewed. */
  readonly tokenUrl: HttpUrl
  /** Where tokens are given back. */
  readonly revocationUrl?: HttpUrl
  /**
   * Asked for when a Credential names none.
   *
   * @maxItems 64
   * @x-kubernetes-list-type set
   */
  readonly scopes?: readonly Scope[]
  /** Weir's registration. */
  readonly client?: OAuth2ClientRef
}

/** Weir's registration at an application. */
export interface OAuth2ClientRef {
  /** The core Secret with `clientId` and `clientSecret`. */
  readonly secretRef: ClientSecretRef
}

/** A Secret of the same namespace. */
export interface ClientSecretRef {
  /** Its name. */
  readonly name: ObjectName
}

/**
 * So many requests in so much time, all flows together: at most `burst` at once, the others evenly. A call of a component counts as one.
 *
 * @x-kubernetes-validations [
 *   {rule: "!has(self.burst) || self.burst <= self.requests",
 *    message: "`burst` must not be more than `requests`", fieldPath: ".burst"}
 * ]
 */
export interface RateBudget {
  /**
   * Requests in each span.
   *
   * @asType integer
   * @minimum 1
   * @maximum 1000000
   */
  readonly requests: number
  /**
   * How long a span is.
   *
   * @minimum 0.1
   * @maximum 86400
   */
  readonly perSeconds: number
  /**
   * Requests at once, after a while without any. Without it a tenth of `requests`, and at least 1.
   *
   * @asType integer
   * @minimum 1
   * @maximum 1000000
   */
  readonly burst?: number
}

/** Whether an application can be used. */
export interface AppStatus {
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
}
