'use strict'

const { toItemMessages, withClient } = require('./lib/client.js')
const { valueAt } = require('./lib/json-path.js')
const { withQuery, withTrace } = require('./lib/read-request.js')

/** The items that are new since the last poll, each a message. How far it has come is the snapshot `{cursor}`. */
exports.process = function poll(msg, cfg, snapshot, headers) {
  return withClient({ ...cfg, emit: 'items' }, msg, async ({ request: plain, fetchPages }) => {
    const request = withTrace(plain, headers)
    const { query, path, initial } = cfg.cursor ?? {}
    let cursor = snapshot?.cursor ?? initial
    for await (const page of fetchPages(query ? since(request, query, cursor) : request)) {
      await Promise.all(toItemMessages(page, msg).map((message) => this.emit('data', message)))
      if (path) cursor = page.items.map((item) => valueAt(item, path)).reduce(later, cursor)
    }
    // Kept when all its messages are safe; a poll that fails half-way begins again where the last one ended.
    if (cursor !== undefined && cursor !== snapshot?.cursor) await this.emit('snapshot', { cursor })
  })
}

function since(request, query, cursor) {
  return { ...request, url: withQuery(request.url, { [query]: cursor }) }
}

/** The greater of two cursors: numbers as numbers, all else (ISO times, ids) as text. */
function later(a, b) {
  if (a == null || b == null) return a ?? b
  if (typeof a === 'number' && typeof b === 'number') return Math.max(a, b)
  return String(a) < String(b) ? b : a
}
