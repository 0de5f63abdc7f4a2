'use strict'

const { pipeline } = require('node:stream')
const zlib = require('node:zlib')
const { permanent } = require('./failure.js')

const DECODERS = {
  gzip: zlib.createGunzip,
  'x-gzip': zlib.createGunzip,
  deflate: zlib.createInflate,
  br: zlib.createBrotliDecompress,
}
const ENDED_EARLY = new Set(['Z_BUF_ERROR', 'ERR_STREAM_PREMATURE_CLOSE'])

/** All bytes of a response, decompressed; stops reading as soon as they are too many. */
async function readBody(response, method, maxBytes) {
  if (method === 'HEAD' || response.statusCode === 204 || response.statusCode === 304) {
    response.resume()
    return Buffer.alloc(0)
  }
  const announced = Number(response.headers['content-length'])
  if (announced > maxBytes) throw tooLarge(maxBytes)
  const encoded = announced === 0 ? 'identity' : response.headers['content-encoding']
  return collect(decompressed(response, encoded), maxBytes)
}

function decompressed(response, encoding = 'identity') {
  const name = encoding.trim().toLowerCase()
  if (name === 'identity' || name === '') return response
  if (!Object.hasOwn(DECODERS, name)) {
    throw permanent('InvalidResponse', `the answer has the content encoding "${name}", which nobody asked for`)
  }
  // Errors of either end come out of the last stream; the callback has nothing left to do.
  return pipeline(response, DECODERS[name](), () => {})
}

async function collect(stream, maxBytes) {
  const chunks = []
  let size = 0
  try {
    for await (const chunk of stream) {
      size += chunk.length
      if (size > maxBytes) throw tooLarge(maxBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    if (String(error.code).startsWith('Z_') && !ENDED_EARLY.has(error.code)) {
      throw permanent('InvalidResponse', `the answer cannot be decompressed: ${error.message}`)
    }
    throw error
  }
  return Buffer.concat(chunks)
}

function tooLarge(maxBytes) {
  return permanent(
    'ResponseTooLarge',
    `the answer is larger than ${maxBytes} bytes; raise maxResponseBytes or ask for less`,
  )
}

/**
 * The body as data: parsed JSON, text, or base64. `auto` goes by the content type.
 * The server has done what it was asked when this fails, so asking again is no use: all errors are permanent.
 */
function decodeBody({ body, headers }, wanted = 'auto', redact = (text) => text) {
  const contentType = headers['content-type'] ?? ''
  if (wanted === 'auto' && body.length === 0) return null
  switch (wanted === 'auto' ? kindOf(contentType) : wanted) {
    case 'json':
      return parseJson(body, contentType, redact)
    case 'text':
      return decodeText(body, contentType)
    case 'base64':
      return body.toString('base64')
    default:
      throw permanent('InvalidConfig', `response "${wanted}" is none of auto, json, text, base64`)
  }
}

function kindOf(contentType) {
  const [type] = contentType.toLowerCase().split(';')
  if (/^application\/(.+\+)?json\s*$|^text\/json\s*$/.test(type)) return 'json'
  if (/^text\/|[/+]xml\s*$|^application\/(javascript|x-www-form-urlencoded|x-ndjson|yaml)/.test(type)) return 'text'
  return 'base64'
}

function parseJson(body, contentType, redact) {
  if (body.length === 0) return null
  const text = decodeText(body, contentType)
  try {
    return JSON.parse(text)
  } catch {
    const is = contentType === '' ? 'something without a content type' : contentType
    throw permanent(
      'InvalidResponse',
      `the answer is not valid JSON (it is ${is}, and begins: ${excerpt(redact(text), 60)})`,
    )
  }
}

function decodeText(body, contentType) {
  const charset = /charset\s*=\s*"?([\w-]+)/i.exec(contentType)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset).decode(body)
  } catch {
    // A charset that nobody knows: UTF-8 is the best guess.
    return new TextDecoder().decode(body)
  }
}

/** The beginning of a text, in one line. Redact before: a secret that is cut in two is not found any more. */
function excerpt(text, length = 200) {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
  return line.length > length ? `${line.slice(0, length)}…` : line
}

module.exports = { readBody, decodeBody, excerpt }
