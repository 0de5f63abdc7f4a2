'use strict'

const { permanent } = require('./failure.js')
const { encodeBody } = require('./request-body.js')

const WITH_BODY = new Set(['POST', 'PUT', 'PATCH'])
// Who sets these by hand can make the server read one request as two.
const FRAMING = new Set(['connection', 'content-length', 'expect', 'transfer-encoding', 'upgrade'])
const METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE', ...WITH_BODY])

/**
 * The request that a config asks for, without its credential.
 * What is wrong with the config is found here, before anything is sent.
 */
function readRequest(cfg, msg) {
  const method = String(cfg.method ?? 'GET').toUpperCase()
  if (!METHODS.has(method)) throw permanent('InvalidConfig', `method "${method}" is none of ${[...METHODS].join(', ')}`)
  // A request that can have a body carries the message, unless the config says what else.
  const content = cfg.body === undefined && WITH_BODY.has(method) ? msg.data : cfg.body
  const body = encodeBody(content, cfg.bodyType)
  return {
    method,
    url: withQuery(readUrl(cfg.url), cfg.query),
    headers: {
      accept: 'application/json, */*;q=0.5',
      'accept-encoding': 'gzip, br',
      'user-agent': 'weir-http',
      ...(body && { 'content-type': body.contentType }),
      ...readHeaders(cfg.headers),
    },
    body: body?.bytes,
    form: body?.form,
    tls: readTls(cfg.tls),
  }
}

/** The request as part of the trace that the call belongs to, unless the config says otherwise. */
function withTrace(request, { traceparent } = {}) {
  return traceparent === undefined ? request : { ...request, headers: { traceparent, ...request.headers } }
}

function readUrl(text) {
  if (typeof text !== 'string' || !URL.canParse(text)) {
    throw permanent('InvalidConfig', 'url must be an absolute http or https address; set it in config or bind')
  }
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw permanent('InvalidConfig', `url must begin with http:// or https://, not ${url.protocol}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw permanent('InvalidConfig', 'url holds a user name or password; put them into a Credential of type basic')
  }
  url.hash = ''
  return url
}

/** The URL with the parameters set: a list repeats its parameter, null and undefined leave it out. */
function withQuery(url, query) {
  const result = new URL(url)
  for (const [name, value] of Object.entries(query ?? {})) {
    result.searchParams.delete(name)
    for (const item of [value].flat()) if (item != null) result.searchParams.append(name, textOf(item))
  }
  return result
}

function readHeaders(headers) {
  const entries = Object.entries(headers ?? {}).filter(([, value]) => value != null)
  const framing = entries.find(([name]) => FRAMING.has(name.toLowerCase()))
  if (framing) throw permanent('InvalidConfig', `the header ${framing[0]} belongs to the connection; leave it out`)
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), textOf(value)]))
}

function readTls(tls = {}) {
  const { ca, rejectUnauthorized, servername, minVersion } = tls ?? {}
  return withoutUndefined({ ca, rejectUnauthorized, servername, minVersion })
}

function withoutUndefined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}

function textOf(value) {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

module.exports = { readRequest, withQuery, withTrace, withoutUndefined }
