'use strict'

const maxMessageLength = 8 * 1024
const maxStackLength = 16 * 1024
/** A code that is meant to be shown, such as `CardDeclined`; not `ECONNREFUSED`, which is Node's. */
const showableCode = /^[A-Z][a-z][A-Za-z0-9]{0,62}$/

/** Errors that the runner knows already; a component that throws one on reports nothing new. */
const reported = new WeakSet()

/**
 * An error as the runner takes it, made of whatever the component gave: Error, text, `{message}`, an Error of another
 * realm, `{message: {reason}}`, nothing at all. Never throws.
 *
 * @param {unknown} error
 * @returns {{ code: string, message: string, name?: string, stack?: string, permanent?: boolean, retryAfterSeconds?: number }}
 */
function toFailure(error) {
  try {
    if (typeof error !== 'object' || error === null)
      return { code: 'ComponentFailed', message: cut(textOf(error), maxMessageLength) }
    return ofObject(/** @type {Record<string, unknown>} */ (error))
    // oxlint-disable-next-line no-unused-vars -- ES2017 has no catch without a name
  } catch (_unreadable) {
    return { code: 'ComponentFailed', message: 'the error that the component gave cannot be read' }
  }
}

/** @param {Record<string, unknown>} error */
function ofObject(error) {
  const code = typeof error.code === 'string' && showableCode.test(error.code) ? error.code : 'ComponentFailed'
  const message = error.message === undefined ? error : error.message
  const failure = { code, message: cut(textOf(message), maxMessageLength) }
  if (typeof error.name === 'string') failure.name = cut(error.name, 200)
  if (typeof error.stack === 'string') failure.stack = cut(stackWithCauses(error), maxStackLength)
  if (error.permanent === true) failure.permanent = true
  const seconds = error.retryAfterSeconds
  if (typeof seconds === 'number' && seconds >= 0 && seconds < Infinity) failure.retryAfterSeconds = seconds
  return failure
}

/** @param {any} value whatever was thrown, or its message */
function textOf(value) {
  if (typeof value === 'string') return value || 'Not Available'
  if (value === null || value === undefined || value === false) return 'Not Available'
  if (typeof value !== 'object') return String(value)
  if (typeof value.reason === 'string') return value.reason
  if (typeof value.message === 'string') return value.message
  return jsonOrText(value)
}

/** @param {object} value */
function jsonOrText(value) {
  try {
    return JSON.stringify(value) || 'Not Available'
    // oxlint-disable-next-line no-unused-vars -- ES2017 has no catch without a name
  } catch (_circular) {
    return Object.prototype.toString.call(value)
  }
}

/** @param {Record<string, unknown>} error */
function stackWithCauses(error) {
  const stacks = []
  let each = /** @type {any} */ (error) // a chain of whatever the component threw
  while (typeof each === 'object' && each !== null && stacks.length < 5) {
    stacks.push(String(each.stack || each.message))
    each = each.cause
  }
  return stacks.join('\nCaused by: ')
}

/** @param {string} text @param {number} maxLength */
function cut(text, maxLength) {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
}

/**
 * An error of ours with a code; marked when the runner has heard of it.
 *
 * @param {string} code
 * @param {string} message
 */
function codedError(code, message) {
  return Object.assign(new Error(message), { code })
}

/** @param {unknown} error */
function markReported(error) {
  if (typeof error === 'object' && error !== null) reported.add(error)
}

/** @param {unknown} error */
function isReported(error) {
  return typeof error === 'object' && error !== null && reported.has(error)
}

module.exports = { toFailure, codedError, markReported, isReported, cut }
