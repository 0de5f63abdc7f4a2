'use strict'

const { codedError, markReported } = require('./failure.cjs')
const { emitKinds, frame } = require('./frames.cjs')

/**
 * How the calls of this process talk to the runner.
 *
 * @typedef {object} Link
 * @property {(call: import('./served-call.cjs').ServedCall, kind: string, json: string) => Promise<true>} emit
 *   resolves when the runner has confirmed
 * @property {(call: import('./served-call.cjs').ServedCall) => void} ended
 */

/**
 * @param {{ send: (type: number, call: number, ...values: (number | string)[]) => void }} writer
 * @param {(call: import('./served-call.cjs').ServedCall) => void} onEnded
 */
function openLink(writer, onEnded) {
  /** @type {Map<number, { call: import('./served-call.cjs').ServedCall, resolve: (value: true) => void, reject: (error: Error) => void }>} */
  const unanswered = new Map()
  let lastNumber = 0

  /** @param {number} number */
  function take(number) {
    const emit = unanswered.get(number)
    unanswered.delete(number)
    return emit
  }

  /** @type {Link} */
  const link = {
    emit: (call, kind, json) => {
      lastNumber = (lastNumber + 1) % 0x100000000
      const number = lastNumber
      writer.send(frame.emit, call.number, call.origin, number, emitKinds.indexOf(kind), json)
      return new Promise((resolve, reject) => unanswered.set(number, { call, resolve, reject }))
    },
    ended: (call) => {
      writer.send(frame.ended, call.number)
      onEnded(call)
    },
  }

  return {
    link,

    /** @param {number} number */
    onConfirm: (number) => {
      const emit = take(number)
      if (!emit) return
      emit.resolve(true)
      emit.call.answered()
    },

    /** @param {number} number @param {string} reason */
    onRefuse: (number, reason) => {
      const emit = take(number)
      if (!emit) return
      const error = codedError('EmitNotConfirmed', reason)
      // The runner knows what it refused.
      markReported(error)
      emit.reject(error)
      emit.call.answered()
    },
  }
}

module.exports = { openLink }
