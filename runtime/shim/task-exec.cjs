'use strict'

const { codedError } = require('./failure.cjs')

const servedCall = Symbol('weir.call')

/**
 * The `this` of a component's function. Components spread it (`{...this, emit}`), copy it and keep it for hours, so its
 * state is in own enumerable properties and its methods on the prototype, as in the vendors' runtimes.
 */
class TaskExec {
  /**
   * @param {import('./served-call.cjs').ServedCall} call
   * @param {import('./logger.cjs').Logger} logger
   */
  constructor(call, logger) {
    this.$events = {}
    this._services = {}
    this._variables = {}
    this.errorCount = 0
    this.logger = logger
    this[servedCall] = call
  }

  /**
   * Resolves `true` when the runner has taken it over, `false` for an event that nobody knows; rejects when it could not be taken over.
   *
   * @param {string} event
   * @param {...unknown} args
   * @returns {Promise<boolean>}
   */
  emit(event, ...args) {
    if (event === 'error') this.errorCount += 1
    const emitted = this[servedCall].emit(event, args[0])
    const listeners = this.listeners(event)
    if (listeners.length === 0) return emitted || Promise.resolve(false)
    return notify(this, listeners, args).then(() => emitted || true)
  }

  on(event, listener) {
    this.$events[event] = this.listeners(event).concat(listener)
    return this
  }

  addListener(event, listener) {
    return this.on(event, listener)
  }

  once(event, listener) {
    const self = this
    function once(...args) {
      self.removeListener(event, once)
      return listener.apply(this, args)
    }
    once.listener = listener
    return this.on(event, once)
  }

  removeListener(event, listener) {
    const at = this.listeners(event).findIndex((each) => each === listener || each.listener === listener)
    if (at >= 0) this.$events[event] = this.$events[event].filter((_each, index) => index !== at)
    return this
  }

  removeAllListeners(event) {
    if (event === undefined) this.$events = {}
    else delete this.$events[event]
    return this
  }

  listeners(event) {
    const events = this.$events || {}
    return Object.prototype.hasOwnProperty.call(events, event) ? events[event] : []
  }

  /** The platform's settings, as far as there are any here. */
  getConfig() {
    return Object.assign({}, this[servedCall].parts.platform)
  }

  getFlowVariables() {
    return this._variables || {}
  }

  getApiClient() {
    throw codedError('NoPlatformApi', 'getApiClient() has nothing to talk to: there is no elastic.io API here')
  }
}

/** One after the other, as listeners may be async and wait for each other's work. */
async function notify(exec, listeners, args) {
  for (const listener of listeners) await listener.apply(exec, args)
}

module.exports = { TaskExec }
