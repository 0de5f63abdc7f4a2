'use strict'

const { openAuth } = require('./auth.js')
const { permanent, redacted } = require('./failure.js')
const { pages } = require('./pages.js')
const { readRequest } = require('./read-request.js')
const { decodeBody } = require('./response-body.js')
const { send } = require('./send.js')

/** Gives `use` the request of a config and what can be done with it; whatever goes wrong, no secret is in the error. */
async function withClient(cfg, msg, use) {
  const auth = openAuth(cfg)
  try {
    const limits = readLimits(cfg)
    const fetchPage = async (request) => {
      const response = await send(request, auth, limits)
      return { response, data: decodeBody(response, cfg.response, auth.redact), shown: shownOf(response, auth.redact) }
    }
    const fetchPages = (request) => pages(request, cfg, fetchPage)
    return await use({ request: readRequest(cfg, msg), fetchPage, fetchPages })
  } catch (error) {
    throw redacted(error, auth.redact)
  }
}

function readLimits({ timeoutSeconds = 30, maxResponseBytes = 10_485_760, maxRedirects = 5, acceptStatus = [] }) {
  const isBounded = timeoutSeconds > 0 && timeoutSeconds <= 1200 && maxResponseBytes > 0 && maxRedirects >= 0
  if (!isBounded || !Array.isArray(acceptStatus)) {
    throw permanent(
      'InvalidConfig',
      'timeoutSeconds, maxResponseBytes, maxRedirects or acceptStatus is out of its range',
    )
  }
  return { timeoutSeconds, maxBytes: maxResponseBytes, maxRedirects, acceptStatus }
}

/** What metadata may tell of an answer: a link in it may hold the key that it was asked with. */
function shownOf({ status, headers, url }, redact) {
  const shown = Object.entries(headers).map(([name, value]) => [name, redact(value)])
  return { status, headers: Object.fromEntries(shown), url: redact(url.href) }
}

/** A message: the answer as data, and beside the metadata that came what is worth knowing of the answer. */
function toMessage({ shown, data }, msg) {
  return { data, metadata: { ...msg.metadata, http: shown } }
}

/** A message for each item of a page. The answer's headers are the page's, not the item's: they stay behind. */
function toItemMessages({ shown, items }, msg) {
  const { status, url } = shown
  return items.map((data) => ({ data, metadata: { ...msg.metadata, http: { status, url } } }))
}

module.exports = { withClient, toMessage, toItemMessages }
