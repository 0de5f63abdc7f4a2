import type { KeyObject } from 'node:crypto'
import { constants, createHmac, timingSafeEqual, verify } from 'node:crypto'
import type { JwtKey } from './jwt-keys.ts'
import type { JwtToken } from './jwt-token.ts'

/** Whether the key made the token's signature, with an algorithm that a key of its type serves. */
export function isSignedBy(token: JwtToken, key: JwtKey): boolean {
  if (!mayServe(key, token.header)) return false
  const [whole = '', family = whole, bits = ''] =
    /^(?:(HS|RS|PS|ES)(256|384|512)|EdDSA)$/.exec(String(token.header['alg'])) ?? []
  const signed = { data: Buffer.from(token.text), signature: token.signature }
  return families.get(family)?.(key.key, bits, signed) ?? false
}

function mayServe({ kid, algorithm }: JwtKey, header: Readonly<Record<string, unknown>>): boolean {
  const isNamed = kid === undefined || header['kid'] === undefined || kid === header['kid']
  return isNamed && (algorithm === undefined || algorithm === header['alg'])
}

interface Signed {
  readonly data: Buffer
  readonly signature: Buffer
}

type Check = (key: KeyObject, bits: string, signed: Signed) => boolean

const edwardsTypes: ReadonlySet<string | undefined> = new Set(['ed25519', 'ed448'])
const curves: Readonly<Record<string, string>> = { 256: 'prime256v1', 384: 'secp384r1', 512: 'secp521r1' }
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }

// A public key is never taken for the secret of an HMAC, nor a curve for another one.
const families: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['HS', isSameMac],
  [
    'EdDSA',
    (key, _, { data, signature }) => edwardsTypes.has(key.asymmetricKeyType) && verify(null, data, key, signature),
  ],
  [
    'RS',
    (key, bits, { data, signature }) => key.asymmetricKeyType === 'rsa' && verify(`sha${bits}`, data, key, signature),
  ],
  [
    'PS',
    (key, bits, { data, signature }) => {
      const isRsa = key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss'
      return isRsa && verify(`sha${bits}`, data, { key, ...pss }, signature)
    },
  ],
  [
    'ES',
    (key, bits, { data, signature }) =>
      key.asymmetricKeyDetails?.namedCurve === curves[bits] &&
      verify(`sha${bits}`, data, { key, dsaEncoding: 'ieee-p1363' }, signature),
  ],
])

function isSameMac(key: KeyObject, bits: string, { data, signature }: Signed): boolean {
  if (key.type !== 'secret') return false
  const expected = createHmac(`sha${bits}`, key).update(data).digest()
  return expected.length === signature.length && timingSafeEqual(expected, signature)
}
