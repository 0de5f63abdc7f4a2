'use strict'

const { constants, createPrivateKey, randomUUID, sign } = require('node:crypto')
const { permanent } = require('./failure.js')

const DIGESTS = { RS256: 'sha256', RS512: 'sha512', PS256: 'sha256', ES256: 'sha256', ES384: 'sha384', EdDSA: null }
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }

/**
 * A token signed with the credential's private key, as services want it that take a self-signed one (GitHub Apps, many banks).
 *
 * @param options the config's `jwt`: `algorithm`, `expiresInSeconds`, further `claims`
 */
function signJwt({ privateKey, issuer, subject, audience, keyId }, options = {}) {
  const { algorithm = 'RS256', expiresInSeconds = 300, claims = {} } = options
  if (!Object.hasOwn(DIGESTS, algorithm)) {
    throw permanent('InvalidConfig', `jwt.algorithm "${algorithm}" is none of ${Object.keys(DIGESTS).join(', ')}`)
  }
  const now = Math.floor(Date.now() / 1000)
  const registered = {
    iss: issuer,
    sub: subject,
    aud: audience,
    iat: now,
    exp: now + expiresInSeconds,
    jti: randomUUID(),
  }
  const unsigned = [
    { alg: algorithm, typ: 'JWT', kid: keyId },
    { ...registered, ...claims },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${unsigned}.${signatureOf(unsigned, algorithm, readKey(privateKey))}`
}

function signatureOf(text, algorithm, key) {
  const padding = algorithm === 'PS256' ? PSS : {}
  try {
    return sign(DIGESTS[algorithm], Buffer.from(text), { key, dsaEncoding: 'ieee-p1363', ...padding }).toString(
      'base64url',
    )
  } catch {
    throw permanent('UnknownCredential', `the credential's private key cannot sign with jwt.algorithm ${algorithm}`)
  }
}

function readKey(privateKey) {
  try {
    return createPrivateKey(privateKey)
  } catch {
    // OpenSSL's message may quote the key.
    throw permanent('UnknownCredential', "the credential's privateKey is not a private key in PEM form")
  }
}

module.exports = { signJwt }
