'use strict'

const { isError, plainError } = require('./json.cjs')

/** What of an emitted message goes on; `passedCfg` and anything else a vendor's library hung on it does not. */
const messageKeys = ['id', 'headers', 'metadata', 'attachments', 'passthrough']
/** An object without payload is a message when it has one of these, and nothing that no message has. */
const markers = ['headers', 'metadata', 'attachments', 'passthrough']

/**
 * A message as the component's dialect has it, with the other dialect's name for the payload beside it. That one is not
 * enumerable, so that a component which copies or prints the whole message sees one payload.
 *
 * @param {string} text the message's JSON
 * @param {'oih' | 'elasticio'} dialect
 */
function inbound(text, dialect) {
  const message = JSON.parse(text)
  const payload = payloadOf(message)
  const { attachments, metadata, headers } = message
  /** @type {Record<string, unknown>} */
  const view = {
    [dialect === 'oih' ? 'data' : 'body']: payload,
    attachments: attachments || {},
    metadata: metadata || {},
    headers: headers || {},
  }
  for (const key of Object.keys(message))
    if (!(key in view) && key !== 'data' && key !== 'body') view[key] = message[key]
  const hidden = { value: payload, enumerable: false, writable: true, configurable: true }
  Object.defineProperty(view, dialect === 'oih' ? 'body' : 'data', hidden)
  return { view, payload }
}

/** @param {{ data?: unknown, body?: unknown }} message */
function payloadOf(message) {
  if (message.data !== undefined) return message.data
  return message.body === undefined ? {} : message.body
}

/**
 * What a component emitted or returned as `{data, metadata?, attachments?, …}`: whatever it is, never changed itself.
 *
 * @param {unknown} value
 * @param {unknown} received the payload that came in, as the component got it
 */
function outbound(value, received) {
  if (value === undefined) return { data: {} }
  if (isError(value)) return { data: plainError(value) }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { data: value }
  const object = /** @type {Record<string, unknown>} */ (value)
  if ('data' in object || 'body' in object) return withData(object, payloadToSend(object, received))
  return isBareMessage(object) ? withData(object, {}) : { data: value }
}

/** @param {Record<string, unknown>} object @param {unknown} data */
function withData(object, data) {
  const message = { data: isError(data) ? plainError(data) : data }
  for (const key of messageKeys) if (object[key] !== undefined) message[key] = object[key]
  if (message.data === undefined) message.data = {}
  return message
}

/** @param {Record<string, unknown>} object @param {unknown} received */
function payloadToSend(object, received) {
  if (!('data' in object)) return object.body
  // The message that came in has both names; the one that is no longer what came in was set by the component.
  const setBody = 'body' in object && object.data === received && object.body !== received
  return setBody ? object.body : object.data
}

/** @param {Record<string, unknown>} object */
function isBareMessage(object) {
  const keys = Object.keys(object)
  return (
    keys.some((key) => markers.includes(key)) && keys.every((key) => messageKeys.includes(key) || key === 'passedCfg')
  )
}

module.exports = { inbound, outbound }
