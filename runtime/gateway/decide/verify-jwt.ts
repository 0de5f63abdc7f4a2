import type { JwtAuth } from '../../../crds/v1alpha1/trigger.ts'
import { jwtKeys } from './jwt-keys.ts'
import { isSignedBy } from './jwt-signature.ts'
import type { JwtToken } from './jwt-token.ts'
import { parseToken } from './jwt-token.ts'
import type { Fields, Verdict } from './verdict.ts'
import { allowed, denied } from './verdict.ts'

/** Clocks differ by so much. */
const leewaySeconds = 30

/**
 * Checks the bearer token of the `authorization` header with the credential's keys: `secret` (HS256 to HS512), `publicKey` (PEM; RS, PS,
 * ES, EdDSA), `jwks`. A key serves only the algorithms of its type, whatever the token says. `exp` and `nbf` hold where they are given.
 */
export function verifyJwt(
  auth: JwtAuth,
  fields: Fields,
  request: { readonly headers: Readonly<Record<string, string>>; readonly now: number },
): Verdict {
  const keys = jwtKeys(fields)
  if (keys.kind === 'unusable') return { kind: 'misconfigured', message: keys.message }
  const token = parseToken(request.headers['authorization'])
  if (token === undefined) return denied('no bearer token')
  if (token.header['crit'] !== undefined) return denied('the token has critical extensions')
  if (!keys.keys.some((key) => isSignedBy(token, key))) return denied('no key fits the signature')
  const nowSeconds = request.now / 1000
  if (!isCurrent(token, nowSeconds)) return denied('the token has expired or is not valid yet')
  if (auth.issuer !== undefined && token.claims['iss'] !== auth.issuer) return denied('the token is of another issuer')
  if (auth.audience !== undefined && !isFor(token, auth.audience)) return denied('the token is for another audience')
  return allowed
}

function isCurrent({ claims: { exp, nbf } }: JwtToken, nowSeconds: number): boolean {
  if (exp !== undefined && !(typeof exp === 'number' && nowSeconds < exp + leewaySeconds)) return false
  return nbf === undefined || (typeof nbf === 'number' && nowSeconds >= nbf - leewaySeconds)
}

function isFor({ claims: { aud } }: JwtToken, audience: string): boolean {
  return Array.isArray(aud) ? aud.includes(audience) : aud === audience
}
