import { hash } from 'node:crypto'
import type { OAuth2Client } from '../../../crds/v1alpha1/app.ts'
import type { CredentialSpec } from '../../../crds/v1alpha1/credential.ts'
import type { Fields } from '../../../flow/credential/credential-fields.ts'
import { neededFields } from '../../../flow/credential/needed-fields.ts'
import { expiryOf, hasToken } from '../../../flow/credential/token-secret.ts'

/** A Secret, as far as it may be read. */
export type SecretSight =
  | { readonly kind: 'found'; readonly fields: Fields }
  | { readonly kind: 'absent' }
  | { readonly kind: 'denied' }
  /** Weir's own. */
  | { readonly kind: 'reserved' }

/** All that is read of a Credential but its token. */
export interface CredentialSight {
  readonly spec: CredentialSpec
  /** Under the Credential's own names. */
  readonly secret: SecretSight
  /** Undefined when the Credential names none. */
  readonly app: AppSight | undefined
  /** That Weir keeps: of a consent, or in place of one that was given. */
  readonly keptRefreshToken: string | undefined
}

export type AppSight = { readonly kind: 'absent' } | FoundApp

export interface FoundApp {
  readonly kind: 'found'
  readonly oauth2: OAuth2Client | undefined
  /** Of the Secret with its client; empty when it names none. */
  readonly secretName: string
  readonly client: SecretSight | undefined
}

/** How tokens are got. */
export interface Grant {
  readonly kind: 'refreshToken' | 'clientCredentials' | 'jwtBearer'
  /** Changes with whatever a token depends on. */
  readonly id: string
  /** Of the refresh token that was given; another one replaces what Weir keeps. Empty where none was given. */
  readonly seed: string
  readonly givenRefreshToken: string | undefined
  readonly tokenUrl: string
  readonly clientId: string | undefined
  readonly clientSecret: string | undefined
  /** Separated by spaces. */
  readonly scope: string | undefined
  /** Sent as they are: `audience`, `resource`. */
  readonly parameters: Fields
  readonly signing: Signing | undefined
}

/** Of a jwtBearer's assertion. */
export interface Signing {
  readonly privateKey: string
  readonly keyId: string | undefined
  readonly issuer: string
  readonly subject: string
  readonly audience: string
}

export type CredentialProblem =
  | { readonly kind: 'secretNotFound'; readonly secret: string }
  | { readonly kind: 'secretDenied'; readonly secret: string }
  | { readonly kind: 'secretReserved'; readonly secret: string }
  | { readonly kind: 'appNotFound'; readonly app: string }
  | { readonly kind: 'keyMissing'; readonly secret: string; readonly lacking: readonly (readonly string[])[] }
  | { readonly kind: 'noConsent'; readonly secret: string }

export type PlannedGrant =
  | CredentialProblem
  /** What was given is all there is; milliseconds since 1970. */
  | { readonly kind: 'static'; readonly expiresAt: number | undefined }
  | { readonly kind: 'grant'; readonly grant: Grant }

/** What a Credential of its type takes to be used: nothing more, a token, or something that is missing. */
export function planGrant({ spec, secret, app, keptRefreshToken }: CredentialSight): PlannedGrant {
  const { name } = spec.secretRef
  if (secret.kind !== 'found') return secretProblem(secret, name)
  if (!hasToken(spec.type)) return planStatic(spec, secret.fields)
  if (needsConsent(spec, secret.fields, keptRefreshToken))
    return givenToken(secret.fields) ?? { kind: 'noConsent', secret: name }
  if (app?.kind === 'absent') return { kind: 'appNotFound', app: spec.app ?? '' }
  return clientProblem(app) ?? planToken(spec, secret.fields, app)
}

function planToken(spec: CredentialSpec, fields: Fields, app: FoundApp | undefined): PlannedGrant {
  const client = clientOf(fields, app)
  const lacking = lackingOf(spec, client, fields)
  if (lacking.length === 0) return { kind: 'grant', grant: grantOf(spec, fields, client) }
  return givenToken(fields) ?? { kind: 'keyMissing', secret: spec.secretRef.name, lacking }
}

function needsConsent({ type }: CredentialSpec, fields: Fields, kept: string | undefined): boolean {
  return type === 'oauth2AuthorizationCode' && (filled(fields, 'refreshToken') ?? kept) === undefined
}

/** A token that somebody gave, and nothing to renew it with. */
function givenToken(fields: Fields): PlannedGrant | undefined {
  return filled(fields, 'accessToken') === undefined ? undefined : { kind: 'static', expiresAt: expiryOf(fields) }
}

function planStatic({ type, secretRef }: CredentialSpec, fields: Fields): PlannedGrant {
  const lacking = neededFields[type].filter((names) => names.every((name) => filled(fields, name) === undefined))
  // A key that is mapped must be there, whether the type asks for it or not.
  const mapped = Object.keys(secretRef.keys ?? {}).filter((field) => fields[field] === undefined)
  const all = [...lacking, ...mapped.filter((field) => !lacking.flat().includes(field)).map((field) => [field])]
  return all.length > 0
    ? { kind: 'keyMissing', secret: secretRef.name, lacking: all }
    : { kind: 'static', expiresAt: expiryOf(fields) }
}

function clientProblem(app: FoundApp | undefined): CredentialProblem | undefined {
  if (app?.client === undefined) return undefined
  const { secretName, client } = app
  return client.kind === 'found' ? undefined : secretProblem(client, secretName)
}

function secretProblem({ kind }: Exclude<SecretSight, { readonly kind: 'found' }>, secret: string): CredentialProblem {
  switch (kind) {
    case 'absent':
      return { kind: 'secretNotFound', secret }
    case 'denied':
      return { kind: 'secretDenied', secret }
    case 'reserved':
      return { kind: 'secretReserved', secret }
  }
}

interface OAuthClient {
  readonly tokenUrl: string | undefined
  readonly clientId: string | undefined
  readonly clientSecret: string | undefined
  readonly scopes: readonly string[] | undefined
}

/** Of a client, the Credential's own goes before its App's. */
function clientOf(fields: Fields, app: FoundApp | undefined): OAuthClient {
  const { oauth2, client } = app ?? {}
  const shared = client?.kind === 'found' ? client.fields : {}
  const registration = filled(fields, 'clientId') === undefined ? shared : fields
  return {
    tokenUrl: oauth2?.tokenUrl ?? filled(fields, 'tokenUrl'),
    clientId: filled(registration, 'clientId'),
    clientSecret: filled(registration, 'clientSecret'),
    scopes: oauth2?.scopes,
  }
}

function lackingOf({ type }: CredentialSpec, client: OAuthClient, fields: Fields): readonly (readonly string[])[] {
  const { tokenUrl, clientId, clientSecret } = client
  const lacking = (name: string, value: string | undefined): readonly string[][] =>
    value === undefined ? [[name]] : []
  const endpoint = lacking('tokenUrl', tokenUrl)
  if (type === 'jwtBearer') {
    const isIssued = (filled(fields, 'issuer') ?? clientId) !== undefined
    const issuer = isIssued ? [] : [['issuer', 'clientId']]
    return [...endpoint, ...lacking('privateKey', filled(fields, 'privateKey')), ...issuer]
  }
  const secret = type === 'oauth2ClientCredentials' ? lacking('clientSecret', clientSecret) : []
  return [...endpoint, ...lacking('clientId', clientId), ...secret]
}

function grantOf(spec: CredentialSpec, fields: Fields, client: OAuthClient): Grant {
  const { clientId, clientSecret, tokenUrl = '' } = client
  const scopes = spec.scopes ?? client.scopes
  const givenRefreshToken = spec.type === 'oauth2AuthorizationCode' ? filled(fields, 'refreshToken') : undefined
  const signing = spec.type === 'jwtBearer' ? signingOf(fields, client) : undefined
  const names = ['resource', ...(signing === undefined ? ['audience'] : [])]
  const parameters = Object.fromEntries(
    names.flatMap((name) => (filled(fields, name) === undefined ? [] : [[name, fields[name] ?? '']])),
  )
  const kind = kinds[spec.type as keyof typeof kinds] // Who has no token does not come here.
  const scope = scopes?.join(' ')
  const parts = { kind, tokenUrl, clientId, clientSecret, scope, parameters, signing, givenRefreshToken }
  return { ...parts, id: printOf(JSON.stringify(parts)), seed: givenRefreshToken ? printOf(givenRefreshToken) : '' }
}

const kinds = {
  oauth2AuthorizationCode: 'refreshToken',
  oauth2ClientCredentials: 'clientCredentials',
  jwtBearer: 'jwtBearer',
} as const

function signingOf(fields: Fields, { tokenUrl = '', clientId = '' }: OAuthClient): Signing {
  const issuer = filled(fields, 'issuer') ?? clientId
  return {
    privateKey: fields['privateKey'] ?? '',
    keyId: filled(fields, 'keyId'),
    issuer,
    subject: filled(fields, 'subject') ?? issuer,
    audience: filled(fields, 'audience') ?? tokenUrl,
  }
}

/** Undefined when there is nothing in it: a template leaves what is not wanted empty. */
function filled(fields: Fields, name: string): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined
  return value === undefined || value.trim() === '' ? undefined : value
}

function printOf(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 32)
}
