'use strict'

const { StringDecoder } = require('string_decoder')

/**
 * Reads lines of JSON from the chunks of a stream; a line that is none is left out.
 *
 * @param {(message: any) => void} onMessage
 * @returns {(chunk: Buffer) => void}
 */
function lineReader(onMessage) {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  return (chunk) => {
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop() || ''
    for (const line of lines) {
      const message = parsed(line)
      if (message !== undefined) onMessage(message)
    }
  }
}

/** @param {string} line */
function parsed(line) {
  try {
    const value = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : undefined
    // oxlint-disable-next-line no-unused-vars -- ES2017 has no catch without a name
  } catch (_notJson) {
    return undefined
  }
}

module.exports = { lineReader }
