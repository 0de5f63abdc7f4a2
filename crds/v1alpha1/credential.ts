import type { Condition } from './condition.ts'
import type { ObjectMeta } from './meta.ts'

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
 * @x-weir-resource {"plural": "credentials", "shortNames": ["cred"], "scope": "Namespaced"}
 */
export interface Credential {
  readonly apiVersion: 'weir.dev/v1alpha1'
  readonly kind: 'Credential'
  readonly metadata: ObjectMeta
  readonly spec: CredentialSpec
  readonly status?: CredentialStatus
}

export interface CredentialSpec {
  readonly type: CredentialType
  readonly secretRef: SecretRef
  readonly app?: string
  readonly scopes?: readonly string[]
  /** What is not secret beside an API key: where it goes, and under which name. */
  readonly apiKey?: { readonly in?: 'header' | 'query' | 'cookie'; readonly name?: string; readonly prefix?: string }
}

export interface SecretRef {
  readonly name: string
  /** Field name in the credential to key in the Secret, where they differ. */
  readonly keys?: Readonly<Record<string, string>>
}

export interface CredentialStatus {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
  readonly expiresAt?: string
  readonly refreshedAt?: string
  readonly consentUrl?: string
}

/**
 * The core Secret, as far as a Credential reads it.
 *
 * @x-weir-resource {"plural": "secrets", "shortNames": [], "scope": "Namespaced"}
 */
export interface Secret {
  readonly apiVersion: 'v1'
  readonly kind: 'Secret'
  readonly metadata: ObjectMeta
  readonly type?: string
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
}
