'use strict'

const { toItemMessages, toMessage, withClient } = require('./lib/client.js')
const { withTrace } = require('./lib/read-request.js')

/** One request; or, with `pagination` or `emit: items`, as many as the list has pages. */
exports.process = function request(msg, cfg, _snapshot, headers) {
  return withClient(cfg, msg, async ({ request: plain, fetchPage, fetchPages }) => {
    const request = withTrace(plain, headers)
    if (!cfg.pagination && cfg.emit !== 'items') return toMessage(await fetchPage(request), msg)
    for await (const page of fetchPages(request)) {
      const messages = cfg.emit === 'items' ? toItemMessages(page, msg) : [toMessage(page, msg)]
      // The next page is asked for when this one has been taken: a slow flow slows the source down.
      await Promise.all(messages.map((message) => this.emit('data', message)))
    }
    return undefined
  })
}
