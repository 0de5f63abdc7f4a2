'use strict'

const { outbound } = require('./dialect.cjs')
const { maxFrameBytes } = require('./frames.cjs')
const { codedError, isReported, markReported, toFailure } = require('./failure.cjs')
const { resultOf } = require('./result.cjs')
const { stringify } = require('./json.cjs')

const maxEmitBytes = maxFrameBytes - 1024
/** The runner need not answer: what a function returned is nobody's promise. */
const nobodyWaits = false
/** Their values are JSON objects. */
const objectKinds = new Set(['updateSnapshot', 'updateKeys', 'httpReply'])

/**
 * What all calls of a process share.
 *
 * @typedef {object} CallParts
 * @property {'oih' | 'elasticio'} dialect
 * @property {import('./link.cjs').Link} link
 * @property {import('./logger.cjs').Logger} logger
 * @property {Record<string, string | undefined>} platform what `getConfig()` gives
 * @property {(call: ServedCall, onQuiet: () => void) => () => void} [waitUntilQuiet]
 */

/**
 * One message in the component's hands: takes its emits, knows when it has ended. It lives as long as the component
 * holds its `this`, because emits after the end are normal. A class, for there is one per message.
 */
class ServedCall {
  /**
   * @param {number} number
   * @param {number} origin
   * @param {number} timeoutMs
   * @param {CallParts} parts
   */
  constructor(number, origin, timeoutMs, parts) {
    this.number = number
    this.origin = origin
    this.timeoutMs = timeoutMs
    this.parts = parts
    /** The payload that came in, as the component got it. */
    this.received = undefined
    this.emits = 0
    /** Among those that are running. */
    this.place = 0
    /** The function has returned, but its message has not ended. */
    this.isAwaited = false
    this.hasEnded = false
    this.stopWaiting = undefined
  }

  /**
   * Calls the function and ends the message by the rule of its dialect.
   *
   * @param {Function} process
   * @param {unknown} exec its `this`
   * @param {unknown[]} args
   */
  run(process, exec, args) {
    let result
    try {
      result = resultOf(process.apply(exec, args), (value) => this.emit('data', value))
    } catch (error) {
      this.fail(error)
      return
    }
    if (result instanceof Promise) {
      result.then(
        (value) => this.settle(value),
        (error) => this.fail(error),
      )
    } else if (!result && this.parts.dialect === 'elasticio') {
      // A callback-style function: only its own `end` says that it is through. The runner bounds the wait.
      this.isAwaited = true
    } else this.settle(result)
  }

  /** @param {unknown} value what the function came to */
  settle(value) {
    if (value) {
      this.publish('data', () => outbound(value, this.received), nobodyWaits)
      this.end()
    } else if (this.emits === 0 && !this.hasEnded && this.parts.waitUntilQuiet) {
      // Nothing came out and nothing came back: perhaps it goes on behind a promise that nobody awaits.
      this.isAwaited = true
      this.stopWaiting = this.parts.waitUntilQuiet(this, () => this.end())
    } else this.end()
  }

  /** @param {unknown} error thrown, or rejected with */
  fail(error) {
    if (!isReported(error)) this.report(error)
    this.end()
  }

  /** Safe to repeat. What is emitted in this turn still belongs to the call; the runner drains what it has not confirmed. */
  end() {
    if (this.hasEnded) return
    this.hasEnded = true
    this.isAwaited = false
    if (this.stopWaiting) this.stopWaiting()
    this.parts.link.ended(this)
  }

  /**
   * @param {string} event
   * @param {unknown} value
   * @returns {Promise<boolean> | undefined} undefined for an event that means nothing here
   */
  emit(event, value) {
    switch (event) {
      case 'data':
        return this.publish(event, () => outbound(value, this.received))
      case 'error':
        return this.reportAndEnd(value)
      case 'end':
        this.end()
        return Promise.resolve(true)
      case 'rebound':
        return this.publish(event, () => reasonText(value))
      case 'snapshot':
        return this.publish(event, () => (value === undefined ? {} : value))
      case 'updateSnapshot':
        return this.updateSnapshot(value)
      case 'updateKeys':
        return this.publish(event, () => value)
      case 'httpReply':
        return this.publish(event, () => withoutConfig(value))
      default:
        return undefined
    }
  }

  /** @param {string} kind @param {() => unknown} make @param {boolean} [isWaitedFor] */
  publish(kind, make, isWaitedFor = true) {
    this.emits += 1
    let json
    try {
      json = stringify(make())
    } catch (error) {
      return this.refuse(
        codedError('EmitFailed', `emit('${kind}') cannot be written as JSON: ${toFailure(error).message}`),
      )
    }
    // Looked at as it is written: a date is an object too, and writes itself as a text.
    if (objectKinds.has(kind) && json[0] !== '{') {
      return this.refuse(codedError('EmitFailed', `emit('${kind}') takes an object`))
    }
    // Three bytes are the most that one UTF-16 unit takes.
    if (json.length * 3 > maxEmitBytes && Buffer.byteLength(json) > maxEmitBytes) {
      return this.refuse(codedError('MessageTooLarge', `emit('${kind}') gives more than ${maxEmitBytes} bytes`))
    }
    return this.parts.link.emit(this, kind, json, isWaitedFor)
  }

  /** An emit that cannot be made is an error of the message, whether or not the component looks at the promise. */
  refuse(reason) {
    this.report(reason)
    const refused = Promise.reject(reason)
    // Reported already, so nobody need handle it.
    refused.catch(() => undefined)
    return refused
  }

  /** @param {unknown} error */
  report(error) {
    markReported(error)
    return this.publish('error', () => toFailure(error))
  }

  /** @param {unknown} error */
  reportAndEnd(error) {
    const reported = this.report(error)
    if (this.parts.dialect === 'oih') this.end()
    return reported
  }

  /** @param {unknown} value */
  updateSnapshot(value) {
    if (isPlainObject(value) && '$set' in /** @type {object} */ (value)) {
      this.parts.logger.warn('updateSnapshot ignored: $set is not supported, emit the keys themselves')
      return Promise.resolve(true)
    }
    return this.publish('updateSnapshot', () => value)
  }
}

/** Text, or the JSON of what is not: it comes back to the component as it was. @param {unknown} reason */
function reasonText(reason) {
  if (typeof reason === 'string') return reason
  return reason === undefined ? '' : stringify(reason)
}

/** @param {unknown} value */
function isPlainObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @param {unknown} reply */
function withoutConfig(reply) {
  if (!isPlainObject(reply)) return { body: reply }
  const copy = Object.assign({}, reply)
  delete copy.passedCfg
  if (isPlainObject(copy.body)) {
    copy.body = Object.assign({}, copy.body)
    delete copy.body.passedCfg
  }
  return copy
}

module.exports = { ServedCall }
