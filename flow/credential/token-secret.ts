import type { CredentialSpec, CredentialType, Secret } from '../../crds/v1alpha1/credential.ts'
import type { Fields } from './credential-fields.ts'
import { credentialFields, secretFields } from './credential-fields.ts'

/** As the API server has it. */
export interface Owned {
  readonly metadata: {
    readonly name: string
    readonly uid?: string
    readonly ownerReferences?: readonly { readonly uid: string; readonly controller?: boolean }[]
  }
}

export type PlacedCredential = Owned & { readonly spec: CredentialSpec }

const typesWithToken: readonly CredentialType[] = ['oauth2AuthorizationCode', 'oauth2ClientCredentials', 'jwtBearer']
const longestName = 253

/** Of these types tokens are got and renewed, and kept in a Secret that belongs to the Credential. */
export function hasToken(type: CredentialType): boolean {
  return typesWithToken.includes(type)
}

/** Of the Secret with a Credential's token; another one each time that a Credential is made anew. */
export function tokenSecretName({ metadata: { name, uid = '' } }: Owned): string {
  const end = `-${uid.slice(0, 8)}`
  const start = `weir-token-${name}`.slice(0, longestName - end.length)
  return `${start.replace(/[-.]+$/, '')}${end}`
}

/** Names of the Secrets that whoever uses the Credential must be able to read. */
export function secretsOfCredential(credential: PlacedCredential): readonly string[] {
  const { secretRef, type } = credential.spec
  return hasToken(type) ? [secretRef.name, tokenSecretName(credential)] : [secretRef.name]
}

/** Whether it was made for that very Credential, and nobody put it there in advance. */
export function isOwnedBy(secret: Owned, owner: Owned): boolean {
  return (secret.metadata.ownerReferences ?? []).some(
    ({ uid, controller }) => controller === true && uid === owner.metadata.uid,
  )
}

/** On everything that Weir makes. */
export const managedBy = { 'app.kubernetes.io/managed-by': 'weir' } as const

/** Whether Weir made it for itself, as those with the passwords of its servers: no Credential may hand it to a component. */
export function isReserved({
  metadata,
}: {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> }
}): boolean {
  return metadata.labels?.['app.kubernetes.io/managed-by'] === 'weir'
}

export type FieldsInUse =
  | { readonly kind: 'fields'; readonly fields: Fields; readonly expiresAt: number | undefined }
  /** Nobody has got a token yet. */
  | { readonly kind: 'noToken' }

/** What stays with those who renew tokens: a second one who used it would make the first one's worthless. */
const notForUse = new Set(['refreshToken', 'clientSecret', 'privateKey', 'state'])

/** What a step, or a webhook, gets of a Credential: everything; of one with a token, all but what gets new ones. */
export function fieldsInUse(
  credential: PlacedCredential,
  secret: Pick<Secret, 'data'>,
  token: Pick<Secret, 'data'> | undefined,
): FieldsInUse {
  const given = credentialFields(credential.spec, secretFields(secret))
  if (!hasToken(credential.spec.type)) return { kind: 'fields', fields: given, expiresAt: expiryOf(given) }
  const renewed = token === undefined ? {} : secretFields(token)
  // What was renewed replaces the whole token, or an old expiry would go with a new one.
  const { accessToken: _, expiresAt: __, ...rest } = given
  const all = renewed['accessToken'] === undefined ? given : { ...rest, ...renewed }
  if ((all['accessToken'] ?? '') === '') return { kind: 'noToken' }
  const fields = Object.fromEntries(Object.entries(all).filter(([name]) => !notForUse.has(name)))
  return { kind: 'fields', fields, expiresAt: expiryOf(fields) }
}

/** The field `expiresAt`: milliseconds since 1970, of ISO 8601, seconds or milliseconds; undefined when it says nothing that can be understood. */
export function expiryOf(fields: Fields): number | undefined {
  const text = fields['expiresAt']?.trim() ?? ''
  if (/^\d{1,14}$/.test(text)) return Number(text) < 1e11 ? Number(text) * 1000 : Number(text)
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}
