import type { JsonWebKey, KeyObject } from 'node:crypto'
import { createPublicKey, createSecretKey } from 'node:crypto'
import type { Fields } from './verdict.ts'
import { rotatingKeys } from './verdict.ts'

export interface JwtKey {
  readonly key: KeyObject
  readonly kid?: string
  /** The only algorithm that it serves. */
  readonly algorithm?: string
}

export type JwtKeys =
  { readonly kind: 'keys'; readonly keys: readonly JwtKey[] } | { readonly kind: 'unusable'; readonly message: string }

/** A credential's keys: of `secret`, `publicKey` and `jwks`, and of each the previous one. */
export function jwtKeys(fields: Fields): JwtKeys {
  try {
    const keys = [
      ...rotatingKeys(fields, 'secret').map((secret) => ({ key: createSecretKey(Buffer.from(secret)) })),
      ...rotatingKeys(fields, 'publicKey').map((pem) => ({ key: createPublicKey(pem) })),
      ...rotatingKeys(fields, 'jwks').flatMap(keysOfSet),
    ]
    if (keys.length > 0) return { kind: 'keys', keys }
    return { kind: 'unusable', message: 'the credential has no field "secret", "publicKey" or "jwks"' }
  } catch {
    // Its message may show a part of the key.
    return {
      kind: 'unusable',
      message: 'a key of the credential cannot be read: PEM in "publicKey", a JSON key set in "jwks"',
    }
  }
}

interface SetKey extends JsonWebKey {
  readonly kid?: string
  readonly alg?: string
  readonly use?: string
}

function keysOfSet(text: string): JwtKey[] {
  const { keys } = JSON.parse(text) as { readonly keys: readonly SetKey[] } // anything else throws, as a bad key does
  return keys
    .filter(({ use }) => use === undefined || use === 'sig')
    .map((jwk) => ({
      key:
        jwk.kty === 'oct'
          ? createSecretKey(Buffer.from(jwk.k ?? '', 'base64url'))
          : createPublicKey({ key: jwk, format: 'jwk' }),
      ...(jwk.kid !== undefined && { kid: jwk.kid }),
      ...(jwk.alg !== undefined && { algorithm: jwk.alg }),
    }))
}
