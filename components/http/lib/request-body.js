'use strict'

const { permanent } = require('./failure.js')

const ENCODERS = {
  json: (value) => ({ contentType: 'application/json', bytes: Buffer.from(JSON.stringify(value)) }),
  text: (value) => ({ contentType: 'text/plain; charset=utf-8', bytes: Buffer.from(String(value)) }),
  base64: (value) => ({ contentType: 'application/octet-stream', bytes: fromBase64(value) }),
  form: (value) => {
    const form = [...toForm(value)]
    const bytes = Buffer.from(new URLSearchParams(form).toString())
    return { contentType: 'application/x-www-form-urlencoded', bytes, form }
  },
}

/** The bytes to send and their content type; undefined when there is nothing to send. */
function encodeBody(value, type = 'json') {
  if (type === 'none' || value === undefined) return undefined
  const encode = Object.hasOwn(ENCODERS, type) ? ENCODERS[type] : undefined
  if (!encode) throw permanent('InvalidConfig', `bodyType "${type}" is none of json, form, text, base64, none`)
  return encode(value)
}

function fromBase64(value) {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}\s*$/.test(value)) {
    throw permanent('InvalidBody', 'bodyType is base64, but the body is not a base64 text')
  }
  return Buffer.from(value, 'base64')
}

/** Pairs of name and value; a list repeats its name. */
function* toForm(fields) {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw permanent('InvalidBody', 'bodyType is form, but the body is not an object of fields')
  }
  for (const [name, value] of Object.entries(fields)) {
    for (const item of [value].flat()) {
      if (item != null) yield [name, typeof item === 'object' ? JSON.stringify(item) : String(item)]
    }
  }
}

module.exports = { encodeBody }
