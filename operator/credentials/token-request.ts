import { createPrivateKey, randomUUID, sign, type KeyObject } from 'node:crypto'
import type { Grant, Signing } from './decide/plan-grant.ts'
import type { AskingHow } from './token-endpoint.ts'

export type TokenRequest =
  | {
      readonly kind: 'request'
      readonly headers: Readonly<Record<string, string>>
      readonly body: string
      /** Of what is sent that must not be shown. */
      readonly secrets: readonly string[]
    }
  | { readonly kind: 'unusable'; readonly why: string }

/**
 * What is posted to a token endpoint: RFC 6749 §4.4 and §6, RFC 7523 §2.1.
 *
 * @param now milliseconds since 1970
 */
export function tokenRequest(grant: Grant, { refreshToken = '', clientAuth }: AskingHow, now: number): TokenRequest {
  const assertion = grant.signing === undefined ? noAssertion : assertionOf(grant.signing, grant.scope, now)
  if (assertion.kind === 'unusable') return assertion
  const basic = clientAuth === 'basic' ? basicOf(grant) : undefined
  const body = new URLSearchParams({
    ...kindFields(grant, refreshToken, assertion.text),
    ...grant.parameters,
    ...scopeFields(grant),
    ...(basic === undefined ? clientFields(grant) : {}),
  })
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    ...(basic !== undefined && { authorization: `Basic ${basic}` }),
  }
  const secrets = [refreshToken, grant.clientSecret ?? '', assertion.text, basic ?? '']
  return { kind: 'request', headers, body: body.toString(), secrets: secrets.filter((secret) => secret !== '') }
}

/** A renewed token allows what the consent allows. */
function scopeFields({ kind, scope }: Grant): Record<string, string> {
  return scope === undefined || kind === 'refreshToken' ? {} : { scope }
}

function clientFields({ clientId, clientSecret }: Grant): Record<string, string> {
  return {
    ...(clientId !== undefined && { client_id: clientId }),
    ...(clientSecret !== undefined && { client_secret: clientSecret }),
  }
}

function kindFields({ kind }: Grant, refreshToken: string, assertion: string): Record<string, string> {
  switch (kind) {
    case 'refreshToken':
      return { grant_type: 'refresh_token', refresh_token: refreshToken }
    case 'clientCredentials':
      return { grant_type: 'client_credentials' }
    case 'jwtBearer':
      return { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }
  }
}

/** Both are encoded as a form's fields are, before they are put together (RFC 6749 §2.3.1). */
function basicOf({ clientId = '', clientSecret }: Grant): string | undefined {
  if (clientSecret === undefined) return undefined
  const encoded = [clientId, clientSecret].map((text) => new URLSearchParams({ '': text }).toString().slice(1))
  return Buffer.from(encoded.join(':')).toString('base64')
}

const noAssertion: Assertion = { kind: 'signed', text: '' }
const assertionSeconds = 300

type Assertion =
  { readonly kind: 'signed'; readonly text: string } | { readonly kind: 'unusable'; readonly why: string }

function assertionOf({ privateKey, keyId, ...who }: Signing, scope: string | undefined, now: number): Assertion {
  const key = keyIn(privateKey)
  const algorithm = key === undefined ? undefined : algorithmOf(key)
  if (key === undefined || algorithm === undefined)
    return {
      kind: 'unusable',
      why: '"privateKey" is not a PEM key of RSA, EC (P-256, P-384) or Ed25519 without a password',
    }
  const issuedAt = Math.floor(now / 1000)
  const claims = {
    iss: who.issuer,
    sub: who.subject,
    aud: who.audience,
    iat: issuedAt,
    exp: issuedAt + assertionSeconds,
    jti: randomUUID(),
    ...(scope !== undefined && { scope }),
  }
  const header = { alg: algorithm.name, typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) }
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const signature = sign(algorithm.digest, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
  return { kind: 'signed', text: `${text}.${signature.toString('base64url')}` }
}

function keyIn(pem: string): KeyObject | undefined {
  try {
    // Where a newline could not be written, people write it out.
    return createPrivateKey(pem.replaceAll(String.raw`\n`, '\n'))
  } catch {
    return undefined
  }
}

function algorithmOf({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): { name: string; digest: string | null } | undefined {
  if (asymmetricKeyType === 'rsa') return { name: 'RS256', digest: 'sha256' }
  if (asymmetricKeyType === 'ed25519') return { name: 'EdDSA', digest: null }
  const curves: Readonly<Record<string, { name: string; digest: string }>> = {
    prime256v1: { name: 'ES256', digest: 'sha256' },
    secp384r1: { name: 'ES384', digest: 'sha384' },
  }
  return curves[asymmetricKeyDetails?.namedCurve ?? '']
}
