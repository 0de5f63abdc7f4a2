'use strict'

const { createHmac } = require('node:crypto')
const { actions, triggers } = require('../component.json')
const { permanent } = require('./failure.js')
const { signJwt } = require('./jwt.js')
const { signOAuth1 } = require('./oauth1.js')
const { withQuery, withoutUndefined } = require('./read-request.js')

/**
 * How each type of Credential signs a request: the fields it needs, and the request that they make of one.
 * Fields come from the Credential, merged over the config; a list of names means the first that is there.
 */
const SCHEMES = {
  none: { needs: [], sign: (request) => request },
  basic: { needs: ['username', 'password'], sign: (request, field) => authorized(request, 'Basic', basicToken(field)) },
  oauth2: { needs: ['accessToken'], sign: (request, field) => authorized(request, 'Bearer', field.accessToken) },
  apiKey: { needs: ['key'], sign: signApiKey },
  hmac: { needs: ['secret'], sign: signHmac },
  jwtBearer: {
    needs: ['privateKey'],
    sign: (request, field, cfg) => authorized(request, 'Bearer', signJwt(field, cfg.jwt)),
  },
  oauth1: { needs: ['consumerKey', 'consumerSecret'], sign: signOAuth1 },
  session: { needs: ['cookie'], sign: (request, field) => withCookie(request, field.cookie) },
  // The certificate itself is shown by `withClientCertificate`, whatever else signs the request.
  mtls: { needs: ['cert', 'privateKey'], sign: (request) => request },
}
// Whatever else stands in cfg came from the Credential.
const CONFIG_NAMES = new Set(Object.keys({ ...actions.request.config.properties, ...triggers.poll.config.properties }))
const ALIASES = { bearer: 'oauth2', oauth2AuthorizationCode: 'oauth2', oauth2ClientCredentials: 'oauth2' }
// In this order a scheme is found by its fields: what is more particular comes first.
const FOUND_BY_FIELDS = ['oauth1', 'oauth2', 'basic', 'mtls', 'jwtBearer', 'session', 'hmac', 'apiKey']

/** A Credential's fields by the names used here, and the other names that the core Secret types and common usage have for them. */
const FIELDS = {
  username: ['username', 'user'],
  password: ['password', 'passphrase'],
  accessToken: ['accessToken', 'access_token', 'token'],
  key: ['key', 'apiKey', 'value'],
  secret: ['secret'],
  cert: ['cert', 'tls.crt'],
  privateKey: ['privateKey', 'tls.key', 'ssh-privatekey'],
  passphrase: ['passphrase'],
  ca: ['ca', 'ca.crt'],
  cookie: ['cookie'],
  consumerKey: ['consumerKey'],
  consumerSecret: ['consumerSecret'],
  token: ['token'],
  tokenSecret: ['tokenSecret'],
  issuer: ['issuer'],
  subject: ['subject'],
  audience: ['audience'],
  keyId: ['keyId'],
}
const NOT_SECRET = new Set(['username', 'cert', 'ca', 'issuer', 'subject', 'audience', 'keyId', 'consumerKey'])
// Hiding every text of one to three characters would hide the rest of an error, and little of the secret.
const LEAST_SECRET = 4
const SECRET_HEADERS = ['authorization', 'proxy-authorization', 'cookie', 'x-api-key']

/** Reads the credential among the config's fields, or refuses it with what it would understand. */
function openAuth(cfg) {
  const field = readFields(cfg)
  const name = schemeName(cfg, field)
  const scheme = SCHEMES[name]
  return {
    sign: (request) => withClientCertificate(scheme.sign(request, field, cfg), field),
    redact: redactorOf(secretsOf(cfg, field)),
  }
}

function readFields(cfg) {
  const entries = Object.entries(FIELDS).map(([field, names]) => [
    field,
    names.map((name) => cfg[name]).find((value) => typeof value === 'string' && value !== ''),
  ])
  const field = withoutUndefined(Object.fromEntries(entries))
  // A client certificate's private key is called "key" by Node and many others.
  return field.cert && !field.privateKey ? { ...field, privateKey: field.key } : field
}

function schemeName(cfg, field) {
  const has = (name) => SCHEMES[name].needs.every((need) => field[need] !== undefined)
  if (cfg.auth === undefined) {
    const found = FOUND_BY_FIELDS.find(has)
    if (found) return found
    refuseUnknownFields(cfg)
    return 'none'
  }
  const wanted = ALIASES[cfg.auth] ?? cfg.auth
  if (!Object.hasOwn(SCHEMES, wanted)) {
    throw permanent(
      'UnknownCredential',
      `auth "${cfg.auth}" is none of ${[...Object.keys(SCHEMES), ...Object.keys(ALIASES)].join(', ')}`,
    )
  }
  // A token that somebody has already fetched is as good as the key to sign one.
  const name = wanted === 'jwtBearer' && field.accessToken ? 'oauth2' : wanted
  if (has(name)) return name
  throw permanent(
    'UnknownCredential',
    `auth is ${cfg.auth}, but the credential has no ${SCHEMES[name].needs.join(' and ')}`,
  )
}

function refuseUnknownFields(cfg) {
  // A leading underscore and these two are how runtimes put their own things into a config.
  const own = (name) => CONFIG_NAMES.has(name) || name.startsWith('_') || name === 'nodeSettings' || name === 'secretId'
  const unknown = Object.keys(cfg).filter((name) => !own(name))
  if (unknown.length === 0) return
  const schemes = FOUND_BY_FIELDS.map((name) => `${name} (${SCHEMES[name].needs.join(', ')})`)
  throw permanent(
    'UnknownCredential',
    `http cannot tell how to sign in with the fields ${unknown.join(', ')}. It knows ${schemes.join('; ')}. ` +
      'Name the fields so with secretRef.keys of the Credential, or set auth: none',
  )
}

function withClientCertificate(request, { cert, privateKey, passphrase, ca }) {
  if (!cert || !privateKey) return request
  return { ...request, tls: { ...withoutUndefined({ ca, passphrase }), ...request.tls, cert, key: privateKey } }
}

function authorized(request, scheme, token) {
  return withHeader(request, 'authorization', `${scheme} ${token}`)
}

function basicToken({ username, password }) {
  return Buffer.from(`${username}:${password}`).toString('base64')
}

/** Where the key goes is not secret: the config's `apiKey` says it, or the Credential's fields `in`, `name`, `prefix`. */
function signApiKey(request, { key }, cfg) {
  const place = typeof cfg.apiKey === 'object' ? cfg.apiKey : undefined
  const { in: where = 'header', name = 'X-API-Key', prefix = '' } = { ...pick(cfg, ['in', 'name', 'prefix']), ...place }
  switch (where) {
    case 'header':
      return withHeader(request, name, `${prefix}${key}`)
    case 'query':
      return { ...request, url: withQuery(request.url, { [name]: `${prefix}${key}` }) }
    case 'cookie':
      return withCookie(request, `${name}=${prefix}${key}`)
    default:
      throw permanent('InvalidConfig', `apiKey.in "${where}" is none of header, query, cookie`)
  }
}

const HMAC_ALGORITHMS = ['sha1', 'sha256', 'sha512']

/** Signs the body's bytes; with a timestamp header, the timestamp, a full stop and the body. */
function signHmac(request, { secret }, cfg) {
  const {
    header = 'X-Signature',
    algorithm = 'sha256',
    encoding = 'hex',
    prefix = '',
    timestampHeader,
  } = cfg.hmac ?? {}
  if (!HMAC_ALGORITHMS.includes(algorithm)) {
    throw permanent('InvalidConfig', `hmac.algorithm "${algorithm}" is none of ${HMAC_ALGORITHMS.join(', ')}`)
  }
  const hmac = createHmac(algorithm, secret)
  if (!timestampHeader) return withHeader(request, header, prefix + hmac.update(request.body ?? '').digest(encoding))
  const timestamp = String(Math.floor(Date.now() / 1000))
  hmac.update(`${timestamp}.`).update(request.body ?? '')
  return withHeader(withHeader(request, timestampHeader, timestamp), header, prefix + hmac.digest(encoding))
}

function withCookie(request, cookie) {
  return withHeader(request, 'cookie', [request.headers.cookie, cookie].filter(Boolean).join('; '))
}

function withHeader(request, name, value) {
  return { ...request, headers: { ...request.headers, [name.toLowerCase()]: value } }
}

function pick(object, names) {
  return withoutUndefined(Object.fromEntries(names.map((name) => [name, object[name]])))
}

/** Makes `***` of every secret in a text; longer ones first, as one may be part of another. */
function redactorOf(secrets) {
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length)
  return (text) => longestFirst.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}

/** Every text that must not be seen in an error: what is secret, and the forms in which a server may send it back. */
function secretsOf(cfg, field) {
  const headers = Object.entries(cfg.headers ?? {}).filter(([name]) => SECRET_HEADERS.includes(name.toLowerCase()))
  const plain = [
    ...Object.entries(field).flatMap(([name, value]) => (NOT_SECRET.has(name) ? [] : [value])),
    ...headers.map(([, value]) => String(value)),
    ...(field.username && field.password ? [basicToken(field)] : []),
  ]
  return new Set(plain.filter((secret) => secret.length >= LEAST_SECRET).flatMap(writings))
}

function writings(secret) {
  const form = new URLSearchParams({ '': secret }).toString().slice(1)
  return [secret, encodeURIComponent(secret), form, JSON.stringify(secret).slice(1, -1)]
}

module.exports = { openAuth }
