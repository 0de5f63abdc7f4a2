'use strict'

const { createHmac, randomBytes } = require('node:crypto')

/**
 * The request with an OAuth 1.0a `Authorization` header (RFC 5849, HMAC-SHA1 or HMAC-SHA256).
 *
 * @param cfg.oauth1 `signatureMethod`, `realm`; `nonce` and `timestamp` are fixed by tests only
 */
function signOAuth1(request, credential, cfg) {
  const { signatureMethod = 'HMAC-SHA1', realm, nonce, timestamp } = cfg.oauth1 ?? {}
  const oauth = {
    oauth_consumer_key: credential.consumerKey,
    ...(credential.token && { oauth_token: credential.token }),
    oauth_signature_method: signatureMethod,
    oauth_timestamp: timestamp ?? String(Math.floor(Date.now() / 1000)),
    oauth_nonce: nonce ?? randomBytes(16).toString('hex'),
  }
  const key = `${encode(credential.consumerSecret)}&${encode(credential.tokenSecret ?? '')}`
  const hmac = createHmac(signatureMethod === 'HMAC-SHA256' ? 'sha256' : 'sha1', key)
  const signed = { ...oauth, oauth_signature: hmac.update(baseString(request, oauth)).digest('base64') }
  const fields = Object.entries(signed).map(([name, value]) => `${name}="${encode(value)}"`)
  const authorization = `OAuth ${[...(realm ? [`realm="${realm}"`] : []), ...fields].join(', ')}`
  return { ...request, headers: { ...request.headers, authorization } }
}

/** Method, address and all parameters, encoded and sorted as section 3.4.1 says. */
function baseString({ method, url, form = [] }, oauth) {
  const parameters = [...url.searchParams, ...form, ...Object.entries(oauth)]
    .map(([name, value]) => [encode(name), encode(value)])
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  return [method, `${url.origin}${url.pathname}`, parameters].map(encode).join('&')
}

function compare(a, b) {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function encode(text) {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

module.exports = { signOAuth1 }
