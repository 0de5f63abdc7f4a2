'use strict'

const { codedError, markReported } = require('./failure.cjs')
const { emitKinds, frame } = require('./frames.cjs')

/**
 * How the calls of this process talk to the runner.
 *
 * @typedef {object} Link
 * @property {(call: ServedCall, kind: string, json: string, isWaitedFor: boolean) => Promise<true>} emit
 *   resolves when the runner has confirmed; at once when it is not waited for
 * @property {(call: ServedCall) => void} ended
 *
 * @typedef {import('./served-call.cjs').ServedCall} ServedCall
 */

/**
 * @param {import('./serve.cjs').Writer} writer
 * @param {(call: ServedCall) => void} onEnded
 */
function openLink(writer, onEnded) {
  /** @type {Map<number, { resolve: (value: true) => void, reject: (error: Error) => void }>} */
  const unanswered = new Map()
  const done = Promise.resolve(/** @type {true} */ (true))
  let lastNumber = 0

  /** @param {number} number */
  function take(number) {
    const emit = unanswered.get(number)
    unanswered.delete(number)
    return emit
  }

  /** @type {Link} */
  const link = {
    emit: (call, kind, json, isWaitedFor) => {
      if (isWaitedFor) lastNumber = (lastNumber % 0xffffffff) + 1
      const number = isWaitedFor ? lastNumber : 0
      writer.send(frame.emit, call.number, call.origin, number, emitKinds.indexOf(kind), json)
      return isWaitedFor ? new Promise((resolve, reject) => unanswered.set(number, { resolve, reject })) : done
    },
    ended: (call) => {
      writer.sendLast(frame.ended, call.number)
      onEnded(call)
    },
  }

  return {
    link,

    /** @param {number} number */
    onConfirm: (number) => {
      const emit = take(number)
      if (emit) emit.resolve(true)
    },

    /** @param {number} number @param {string} reason */
    onRefuse: (number, reason) => {
      const emit = take(number)
      if (!emit) return
      const error = codedError('EmitNotConfirmed', reason)
      // The runner knows what it refused.
      markReported(error)
      emit.reject(error)
    },
  }
}

module.exports = { openLink }
