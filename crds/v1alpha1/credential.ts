import type { Condition } from './condition.ts'
import type { ObjectMeta } from './meta.ts'
import type { HeaderName, HttpUrl, ObjectName, Timestamp } from './text.ts'

/** How an application knows its callers; each has its own keys in the Secret. */
export type CredentialType =
  | 'basic'
  | 'apiKey'
  | 'hmac'
  | 'jwks'
  | 'oauth1'
  | 'oauth2AuthorizationCode'
  | 'oauth2ClientCredentials'
  | 'jwtBearer'
  | 'session'
  | 'mtls'
  | 'mixed'

/**
 * A typed secret; its data stays in a core Secret.
 *
 * @x-weir-resource {plural: "credentials", shortNames: ["cred"], scope: "Namespaced"}
 * @x-weir-columns [
 *   {name: "Type", type: "string", jsonPath: ".spec.type"},
 *   {name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status'},
 *   {name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason'},
 *   {name: "Expires", type: "string", jsonPath: ".status.expiresAt"},
 *   {name: "Refreshed", type: "date", jsonPath: ".status.refreshedAt", priority: 1},
 *   {name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp"}
 * ]
 */
export interface Credential {
  readonly apiVersion: 'weir.dev/v1alpha1'
  readonly kind: 'Credential'
  readonly metadata: ObjectMeta
  /** Which secret it is, and how it is used. */
  readonly spec: CredentialSpec
  /** Whether it still works. */
  readonly status?: CredentialStatus
}

/**
 * @x-kubernetes-validations [
 *   {rule: "!has(self.apiKey) || self.type == 'apiKey'",
 *    message: "`apiKey` says where an API key goes: it needs `type: apiKey`", fieldPath: ".apiKey"},
 *   {rule: "!has(self.scopes) || self.type in ['oauth2AuthorizationCode', 'oauth2ClientCredentials', 'jwtBearer']",
 *    message: "`scopes` belong to the types oauth2AuthorizationCode, oauth2ClientCredentials and jwtBearer", fieldPath: ".scopes"}
 * ]
 */
export interface CredentialSpec {
  /** Which keys the Secret has, and how they are used. */
  readonly type: CredentialType
  /** The core Secret that holds the data. */
  readonly secretRef: SecretRef
  /** The App whose OAuth endpoints and client it uses. */
  readonly app?: ObjectName
  /**
   * What the token is asked to allow.
   *
   * @maxItems 64
   * @x-kubernetes-list-type set
   */
  readonly scopes?: readonly Scope[]
  /** What is not secret beside an API key: where it goes, and under which name. */
  readonly apiKey?: ApiKeyPlace
}

/**
 * @minLength 1
 * @maxLength 256
 */
export type Scope = string

/** Where an API key goes. */
export interface ApiKeyPlace {
  /** In a header when left out. */
  readonly in?: 'header' | 'query' | 'cookie'
  /** The header's, parameter's or cookie's name. */
  readonly name?: HeaderName
  /**
   * What stands before the key, as `Bearer `.
   *
   * @maxLength 64
   */
  readonly prefix?: string
}

/** A Secret of the same namespace. */
export interface SecretRef {
  /** Its name. */
  readonly name: ObjectName
  /**
   * Field name in the credential to key in the Secret, where they differ.
   *
   * @maxProperties 32
   */
  readonly keys?: Readonly<Record<string, SecretKey>>
}

/**
 * @minLength 1
 * @maxLength 253
 * @pattern ^[-._a-zA-Z0-9]+$
 */
export type SecretKey = string

/** Whether a credential still works. */
export interface CredentialStatus {
  /**
   * The generation of the spec that this status speaks of.
   *
   * @asType integer
   * @minimum 0
   */
  readonly observedGeneration?: number
  /**
   * `Ready` tells the credential's health; `ConsentRequired` and `SecretAccessDenied` are reasons.
   *
   * @maxItems 16
   * @x-kubernetes-list-type map
   * @x-kubernetes-list-map-keys ["type"]
   */
  readonly conditions?: readonly Condition[]
  /** When the token stops working. */
  readonly expiresAt?: Timestamp
  /** When the token was last renewed. */
  readonly refreshedAt?: Timestamp
  /**
   * Why it could not be renewed the last time, in words and without anything secret; absent once it could.
   *
   * @maxLength 1024
   */
  readonly lastError?: string
  /** Where somebody must agree, when that is needed. */
  readonly consentUrl?: HttpUrl
  /** What the App's rate budget holds the steps to that use this Credential; absent where it has none. */
  readonly rateBudget?: BudgetInUse
}

/** The rate budget of an App, with all that was left out. */
export interface BudgetInUse {
  /** The App that shares it out, of the same namespace. */
  readonly app: ObjectName
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
   * Requests at once.
   *
   * @asType integer
   * @minimum 1
   * @maximum 1000000
   */
  readonly burst: number
}

/**
 * The core Secret, as far as a Credential reads it.
 *
 * @x-weir-resource {plural: "secrets", shortNames: [], scope: "Namespaced"}
 */
export interface Secret {
  readonly apiVersion: 'v1'
  readonly kind: 'Secret'
  readonly metadata: ObjectMeta
  /**
   * As `Opaque` or `kubernetes.io/basic-auth`.
   *
   * @maxLength 253
   */
  readonly type?: string
  /** Kubernetes refuses changes of the data. */
  readonly immutable?: boolean
  /**
   * Base64.
   *
   * @maxProperties 1024
   */
  readonly data?: Readonly<Record<string, SecretValue>>
  /**
   * As it is; wins over `data`.
   *
   * @maxProperties 1024
   */
  readonly stringData?: Readonly<Record<string, SecretValue>>
}

/** @maxLength 1048576 */
export type SecretValue = string
