'use strict'

/**
 * Tells when a process has nothing left to do, by the rule Node itself exits by: no timer, request, socket or file
 * operation that keeps it alive. Idle keep-alive sockets do not, so they delay nothing. Costs nothing until asked.
 *
 * @param {{ ref(): void, unref(): void }} socket the one thing that must not count
 * @param {number} capMs waits no longer than this
 */
function quietWatch(socket, capMs) {
  let isOff = false

  /**
   * @param {{ emits: number, timeoutMs: number }} call
   * @param {() => void} onQuiet called once, never within this call
   * @returns {() => void} stops waiting; safe to call twice
   */
  return function waitUntilQuiet(call, onQuiet) {
    // A timer of length 0, not an immediate call: the runner hears of quiet only from a later turn.
    const delayMs = isOff ? 0 : Math.min(capMs, call.timeoutMs / 2)
    const cap = setTimeout(() => {
      stop()
      // A process that is never quiet (an interval, a connection of its own) is not waited for again.
      if (call.emits === 0) isOff = true
      onQuiet()
    }, delayMs)
    cap.unref()
    function onBeforeExit() {
      stop()
      onQuiet()
    }
    function stop() {
      clearTimeout(cap)
      process.removeListener('beforeExit', onBeforeExit)
      socket.ref()
    }
    process.once('beforeExit', onBeforeExit)
    socket.unref()
    return stop
  }
}

module.exports = { quietWatch }
