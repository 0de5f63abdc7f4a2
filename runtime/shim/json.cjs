'use strict'

/** Every Error of this realm inherits from it; typed loosely for the property that we lend it. @type {any} */
const errors = Error.prototype

const lendsToJson = defineToJson()

/**
 * JSON text in which an Error, at any depth, is `{name, message, …}` and not `{}`.
 *
 * @param {unknown} value
 * @returns {string}
 */
function stringify(value) {
  // Only while we write: a component that writes JSON itself sees errors as it always did. A replacer would cost ten times as much.
  const isOurs = lendsToJson && errors.toJSON === undefined
  if (isOurs) errors.toJSON = errorToJson
  try {
    const text = JSON.stringify(value)
    return text === undefined ? 'null' : text
  } finally {
    if (isOurs) errors.toJSON = undefined
  }
}

/** @this {Error} */
function errorToJson() {
  return plainError(this)
}

/** @param {any} error an Error of any realm */
function plainError(error) {
  return Object.assign({ name: error.name, message: error.message }, error)
}

/** @param {unknown} value @returns {value is Error} also of another realm */
function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
}

/** Not enumerable, so that nobody who walks an error's properties meets it. */
function defineToJson() {
  if ('toJSON' in errors || Object.isFrozen(errors)) return false
  Object.defineProperty(errors, 'toJSON', { value: undefined, writable: true, configurable: true, enumerable: false })
  return true
}

module.exports = { stringify, isError, plainError }
