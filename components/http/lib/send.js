'use strict'

const { exchange, nameOf } = require('./exchange.js')
const { permanent, transient, later } = require('./failure.js')
const { excerpt } = require('./response-body.js')

// All that another origin may see of the headers: none of these can identify or authorise anybody.
const HARMLESS = new Set(['accept', 'accept-encoding', 'accept-language', 'content-type', 'user-agent'])
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const MAX_WAIT_SECONDS = 86_400

/**
 * The answer to a request, redirects followed. The credential goes to the origin that the config names and to no other.
 *
 * @throws an error of Weir's convention (`permanent`, `retryAfterSeconds`) for every status that is not 2xx or accepted
 */
async function send(request, auth, limits) {
  let hop = request
  for (let hops = 0; ; hops++) {
    const response = await exchange(hop.isForeign ? hop : auth.sign(hop), limits)
    // The URL without what signing may have added to it.
    if (isAccepted(response.status, limits)) return { ...response, url: hop.url }
    const target = redirectTarget(response, hop)
    if (!target) throw failureOf(hop, response, auth.redact)
    if (hops >= limits.maxRedirects) {
      throw permanent('TooManyRedirects', `${nameOf(request)} was redirected more than ${limits.maxRedirects} times`)
    }
    hop = redirected(hop, response.status, target)
  }
}

function isAccepted(status, { acceptStatus }) {
  return (status >= 200 && status < 300) || acceptStatus.includes(status)
}

function redirectTarget({ status, headers }, { url }) {
  const location = headers.location
  return REDIRECTS.has(status) && location && URL.canParse(location, url) ? new URL(location, url) : undefined
}

/** The request that follows a redirect, by the rules that browsers and curl share. */
function redirected(request, status, target) {
  if (target.protocol !== 'https:' && request.url.protocol === 'https:') {
    throw permanent(
      'InsecureRedirect',
      `${nameOf(request)} redirects to ${target.protocol}//${target.host}, which is not https`,
    )
  }
  const becomesGet = (status === 303 && request.method !== 'HEAD') || (status < 303 && request.method === 'POST')
  return moved(becomesGet ? asGet(request) : request, target)
}

function asGet({ headers, ...request }) {
  const { 'content-type': _type, ...rest } = headers
  return { ...request, method: 'GET', headers: rest, body: undefined, form: undefined }
}

/** The request with another address; with only its harmless headers when that is another origin, and foreign from then on. */
function moved(request, url) {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw permanent('InvalidResponse', `${nameOf(request)} leads to an address that begins with ${url.protocol}`)
  }
  const clean = new URL(url)
  clean.username = ''
  clean.password = ''
  if (clean.origin === request.url.origin) return { ...request, url: clean }
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => HARMLESS.has(name)))
  const { servername: _name, ...tls } = request.tls
  return { ...request, url: clean, headers, tls, isForeign: true }
}

function failureOf(request, { status, headers, body }, redact) {
  const said = body.length === 0 ? '' : `: ${excerpt(redact(body.toString('utf8', 0, 100_000)))}`
  const message = `${nameOf(request)} answered ${status}${said}`
  const wait = status === 429 || status === 503 ? retryAfterSeconds(headers['retry-after']) : undefined
  if (wait !== undefined) return later(status === 429 ? 'TooManyRequests' : 'ServiceUnavailable', message, wait)
  if (status === 429) return transient('TooManyRequests', message)
  if (status >= 500 || status === 408 || status === 425) return transient('ServerFailed', message)
  return permanent('RequestRejected', message)
}

/** Of a `Retry-After` header, seconds or date; at least 1, at most a day, undefined when there is none that makes sense. */
function retryAfterSeconds(header) {
  if (header === undefined) return undefined
  const seconds = /^\s*\d+\s*$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.ceil(seconds), 1), MAX_WAIT_SECONDS)
}

module.exports = { send, moved }
