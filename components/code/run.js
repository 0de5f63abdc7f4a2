'use strict'

const { compile } = require('./compile.js')

/** Calls the function in `cfg.source`. What it returns or emits is a message or just its data; nothing means no message. */
exports.process = async function run(msg, cfg, snapshot) {
  const call = compile(cfg.source)
  const emit = (value) => this.emit('data', toMessage(value, msg))
  const { source: _source, ...own } = cfg
  const result = await call.call(this, msg, own, snapshot, emit)
  return result === undefined || result === null ? undefined : toMessage(result, msg)
}

const MESSAGE_KEYS = new Set(['data', 'metadata', 'attachments'])

/** A message is an object with `data` and nothing that no message has. All else is data; the metadata that came goes with it. */
function toMessage(value, { metadata, attachments }) {
  const isMessage = isObject(value) && 'data' in value && Object.keys(value).every((key) => MESSAGE_KEYS.has(key))
  return { metadata, attachments, ...(isMessage ? value : { data: value }) }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
