'use strict'

const http = require('node:http')
const https = require('node:https')
const { permanent, transient } = require('./failure.js')
const { readBody } = require('./response-body.js')

// Idle connections are closed after 4 s, before the 5 s at which a Node server closes its end, so that
// a request rarely meets a connection that is just going away. Node keeps those with other TLS options apart.
const pool = { keepAlive: true, maxSockets: 64, maxFreeSockets: 16, maxTotalSockets: 512, timeout: 4_000 }
const agents = { 'http:': new http.Agent(pool), 'https:': new https.Agent(pool) }
const LEFT_OUT = new Set(['connection', 'keep-alive', 'set-cookie', 'set-cookie2', 'transfer-encoding'])
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/**
 * One request and its whole answer, `{status, headers, body}`; redirects are answers like any other.
 *
 * @param limits.timeoutSeconds for all of it, the body's last byte included
 * @param limits.maxBytes of the body, after decompression
 */
async function exchange(request, limits) {
  const deadline = AbortSignal.timeout(limits.timeoutSeconds * 1000)
  for (let repeats = 0; ; repeats++) {
    const call = startCall(request, deadline)
    try {
      const response = await call.response
      const body = await readBody(response, request.method, limits.maxBytes)
      return { status: response.statusCode, headers: plainHeaders(response.headers), body }
    } catch (error) {
      call.request.destroy()
      if (deadline.aborted) {
        throw transient('RequestTimedOut', `${nameOf(request)} took longer than ${limits.timeoutSeconds} s`)
      }
      if (!(repeats === 0 && isStaleConnection(error, call.request))) throw toFailure(error, request)
    }
  }
}

function startCall({ method, url, headers: given, body, tls }, signal) {
  const { protocol } = url
  // Node announces no body with GET and DELETE by itself: the server would take it for the next request.
  const headers = body ? { ...given, 'content-length': body.length } : given
  const options = { method, headers, agent: agents[protocol], signal, ...(protocol === 'https:' && tls) }
  let request
  try {
    request = (protocol === 'https:' ? https : http).request(url, options)
  } catch (error) {
    // Node refuses header names and values with forbidden characters; its message never shows the value.
    throw permanent('InvalidConfig', error.message)
  }
  const response = new Promise((resolve, reject) => {
    request.on('response', resolve)
    request.on('error', reject)
  })
  request.end(body)
  return { request, response }
}

/** The server closed a kept connection just when we chose it: nothing was answered, so an idempotent request may go again. */
function isStaleConnection(error, request) {
  return request.reusedSocket && error.code === 'ECONNRESET' && !request.res && IDEMPOTENT.has(request.method)
}

function toFailure(error, request) {
  if (error.permanent) return permanent(error.code, `${nameOf(request)}: ${error.message}`)
  return transient('ConnectionFailed', `${nameOf(request)}: ${error.message || error.code}`)
}

/** One text a header. Cookies stay out: they open sessions, and metadata travels far. */
function plainHeaders(headers) {
  const entries = Object.entries(headers).filter(([name]) => !LEFT_OUT.has(name))
  return Object.fromEntries(entries.map(([name, value]) => [name, [value].flat().join(', ')]))
}

/** `GET https://host/path`; a query may hold a key or a name, so it is left out. */
function nameOf({ method, url }) {
  return `${method} ${url.origin}${url.pathname}`
}

module.exports = { exchange, nameOf }
