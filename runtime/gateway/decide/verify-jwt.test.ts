import type { KeyObject } from 'node:crypto'
import { constants, createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { verifyJwt } from './verify-jwt.ts'

const now = Date.parse('2026-03-01T12:00:00Z')
const seconds = now / 1000
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ec384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const ed = generateKeyPairSync('ed25519')
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more })

type Make = (data: Buffer) => Buffer
const hs =
  (secret: string, bits = 256): Make =>
  (data) =>
    createHmac(`sha${bits}`, secret).update(data).digest()
const rs =
  (key: KeyObject, bits = 256): Make =>
  (data) =>
    sign(`sha${bits}`, data, key)
const es =
  (key: KeyObject, bits = 256): Make =>
  (data) =>
    sign(`sha${bits}`, data, { key, dsaEncoding: 'ieee-p1363' })
const ps =
  (key: KeyObject): Make =>
  (data) =>
    sign('sha256', data, {
      key,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    })
const eddsa =
  (key: KeyObject): Make =>
  (data) =>
    sign(null, data, key)

function token(header: object, make: Make, claims: object = {}): string {
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${make(Buffer.from(text)).toString('base64url')}`
}

function verdict(bearer: string, fields: Record<string, string>, auth: { issuer?: string; audience?: string } = {}) {
  const headers = { authorization: `Bearer ${bearer}` }
  return verifyJwt({ credential: 'c', ...auth }, fields, { headers, now })
}

const secret = { secret: 's3cret' }

describe('verifyJwt', () => {
  it.each([
    { name: 'HS256', made: token({ alg: 'HS256' }, hs('s3cret')), fields: secret },
    { name: 'HS512', made: token({ alg: 'HS512' }, hs('s3cret', 512)), fields: secret },
    { name: 'RS256', made: token({ alg: 'RS256' }, rs(rsa.privateKey)), fields: { publicKey: pem(rsa.publicKey) } },
    {
      name: 'RS384',
      made: token({ alg: 'RS384' }, rs(rsa.privateKey, 384)),
      fields: { publicKey: pem(rsa.publicKey) },
    },
    { name: 'PS256', made: token({ alg: 'PS256' }, ps(rsa.privateKey)), fields: { publicKey: pem(rsa.publicKey) } },
    { name: 'ES256', made: token({ alg: 'ES256' }, es(ec.privateKey)), fields: { publicKey: pem(ec.publicKey) } },
    {
      name: 'ES384',
      made: token({ alg: 'ES384' }, es(ec384.privateKey, 384)),
      fields: { publicKey: pem(ec384.publicKey) },
    },
    { name: 'EdDSA', made: token({ alg: 'EdDSA' }, eddsa(ed.privateKey)), fields: { publicKey: pem(ed.publicKey) } },
    {
      name: 'a key of a set, by its id',
      made: token({ alg: 'RS256', kid: 'b' }, rs(rsa.privateKey)),
      fields: {
        jwks: JSON.stringify({
          keys: [jwk(ec.publicKey, { kid: 'a' }), jwk(rsa.publicKey, { kid: 'b', alg: 'RS256' })],
        }),
      },
    },
    {
      name: 'a symmetric key of a set',
      made: token({ alg: 'HS256' }, hs('s3cret')),
      fields: { jwks: JSON.stringify({ keys: [{ kty: 'oct', k: Buffer.from('s3cret').toString('base64url') }] }) },
    },
    {
      name: 'the previous key',
      made: token({ alg: 'HS256' }, hs('old')),
      fields: { secret: 'new', previousSecret: 'old' },
    },
  ])('lets $name in', ({ made, fields }) => {
    expect(verdict(made, fields as Record<string, string>)).toEqual({ kind: 'allowed' })
  })

  it.each([
    { name: 'no signature (alg none)', made: token({ alg: 'none' }, () => Buffer.from('x')), fields: secret },
    { name: 'another secret', made: token({ alg: 'HS256' }, hs('other')), fields: secret },
    { name: 'no algorithm', made: token({}, hs('s3cret')), fields: secret },
    { name: 'an algorithm that is not one', made: token({ alg: ['HS256', 1] }, hs('s3cret')), fields: secret },
    {
      name: 'an HMAC made with the public key',
      made: token({ alg: 'HS256' }, hs(pem(rsa.publicKey))),
      fields: { publicKey: pem(rsa.publicKey) },
    },
    {
      name: 'a curve that is another algorithm’s',
      made: token({ alg: 'ES256' }, es(ec384.privateKey)),
      fields: { publicKey: pem(ec384.publicKey) },
    },
    {
      name: 'an algorithm that the key of the set does not serve',
      made: token({ alg: 'RS384' }, rs(rsa.privateKey, 384)),
      fields: { jwks: JSON.stringify({ keys: [jwk(rsa.publicKey, { alg: 'RS256' })] }) },
    },
    {
      name: 'a key that is for encryption',
      made: token({ alg: 'RS256' }, rs(rsa.privateKey)),
      fields: { jwks: JSON.stringify({ keys: [jwk(rsa.publicKey, { use: 'enc' }), jwk(ec.publicKey)] }) },
    },
    {
      name: 'another key id',
      made: token({ alg: 'RS256', kid: 'z' }, rs(rsa.privateKey)),
      fields: { jwks: JSON.stringify({ keys: [jwk(rsa.publicKey, { kid: 'b' })] }) },
    },
    { name: 'critical extensions', made: token({ alg: 'HS256', crit: ['exp'] }, hs('s3cret')), fields: secret },
    {
      name: 'changed claims',
      made: token({ alg: 'HS256' }, hs('s3cret')).replace(
        /\.[^.]+\./,
        `.${Buffer.from('{"a":1}').toString('base64url')}.`,
      ),
      fields: secret,
    },
    { name: 'two parts', made: 'a.b', fields: secret },
    { name: 'rubbish', made: 'a.b.c', fields: secret },
    { name: 'nothing', made: '', fields: secret },
  ])('keeps $name out', ({ made, fields }) => {
    expect(verdict(made, fields as Record<string, string>)).toMatchObject({ kind: 'denied' })
  })

  it.each([
    { name: 'a token of an hour', claims: { exp: seconds + 3600 }, want: 'allowed' },
    { name: 'one that has just expired, within the leeway', claims: { exp: seconds - 29 }, want: 'allowed' },
    { name: 'one that has expired', claims: { exp: seconds - 31 }, want: 'denied' },
    { name: 'an expiry of rubbish', claims: { exp: '2030' }, want: 'denied' },
    { name: 'one of the future', claims: { nbf: seconds + 31 }, want: 'denied' },
    { name: 'one that has begun', claims: { nbf: seconds }, want: 'allowed' },
    { name: 'the right issuer', auth: { issuer: 'me' }, claims: { iss: 'me' }, want: 'allowed' },
    { name: 'another issuer', auth: { issuer: 'me' }, claims: { iss: 'you' }, want: 'denied' },
    { name: 'no issuer where one belongs', auth: { issuer: 'me' }, claims: {}, want: 'denied' },
    { name: 'the right audience', auth: { audience: 'weir' }, claims: { aud: 'weir' }, want: 'allowed' },
    {
      name: 'the right audience among others',
      auth: { audience: 'weir' },
      claims: { aud: ['x', 'weir'] },
      want: 'allowed',
    },
    { name: 'another audience', auth: { audience: 'weir' }, claims: { aud: 'weird' }, want: 'denied' },
  ])('judges $name: $want', ({ claims, auth, want }) => {
    expect(verdict(token({ alg: 'HS256' }, hs('s3cret'), claims), secret, auth).kind).toBe(want)
  })

  it.each([
    { name: 'no key', fields: {} },
    { name: 'a key that is none', fields: { publicKey: 'PEM' } },
    { name: 'a key set that is none', fields: { jwks: '{"keys":7}' } },
    { name: 'an empty key set', fields: { jwks: '{"keys":[]}' } },
  ])('lets nobody in by a credential with $name, and shows nothing of it', ({ fields }) => {
    const judged = verdict(token({ alg: 'HS256' }, hs('')), fields)
    expect(judged.kind).toBe('misconfigured')
    expect(JSON.stringify(judged)).not.toContain('PEM"')
  })
})
