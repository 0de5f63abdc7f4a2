'use strict'

const { callArguments } = require('./call-arguments.cjs')
const { inbound } = require('./dialect.cjs')
const { isReported, toFailure } = require('./failure.cjs')
const { frame } = require('./frames.cjs')
const { openLink } = require('./link.cjs')
const { openLoader } = require('./loader.cjs')
const { Logger, levelNumber } = require('./logger.cjs')
const { ServedCall } = require('./served-call.cjs')
const { TaskExec } = require('./task-exec.cjs')

/**
 * Serves the runner's calls in a component's process.
 *
 * @param {{ send: (type: number, call: number, ...values: (number | string)[]) => void, flush: () => void }} writer
 * @param {{ root: string, dialect: 'oih' | 'elasticio', logLevel: string | undefined,
 *   waitUntilQuiet?: (call: ServedCall, onQuiet: () => void) => () => void }} options
 */
function openServer(writer, options) {
  /** @type {Set<ServedCall>} */
  const running = new Set()
  const { link, onConfirm, onRefuse } = openLink(writer, (call) => running.delete(call))
  const logger = new Logger(
    (record) => writer.send(frame.log, 0, JSON.stringify(record)),
    {},
    levelNumber(options.logLevel),
  )
  const loader = openLoader({ root: options.root, dialect: options.dialect, logger })

  /** @param {number} number @param {Payloads} payloads @param {Function} run */
  function start(number, payloads, run) {
    const { dialect, waitUntilQuiet } = options
    const { origin, timeoutMs } = payloads.head
    const call = new ServedCall(number, { origin, timeoutMs, dialect, link, logger, waitUntilQuiet })
    running.add(call)
    process(call, run, { payloads, dialect, logger })
  }

  /** @param {number} number @param {Payloads} payloads */
  function onCall(number, payloads) {
    const { main } = payloads.head
    const run = loader.ready(main)
    if (run) {
      start(number, payloads, run)
      return
    }
    loader.load(main, payloads.configJson).then(
      (loaded) => {
        writer.send(frame.started, number)
        // Before a function that may block for ever: the runner's time-out begins with it.
        writer.flush()
        start(number, payloads, loaded)
      },
      (error) => writer.send(frame.loadFailed, number, JSON.stringify(toFailure(error))),
    )
  }

  return {
    /** Logged, and no reason to die. @param {unknown} reason of a promise that nobody handles */
    onUnhandledRejection: (reason) => {
      if (isReported(reason)) return
      logger.error({ err: toFailure(reason) }, 'unhandled rejection')
      const [only] = running
      // A function that has returned and is only waited for, alone in its process: nothing else can have failed.
      if (running.size === 1 && only.isAwaited) only.fail(reason)
    },

    /** @param {number} type @param {number} number @param {import('./frames.cjs').FrameValues} values */
    onFrame: (type, number, values) => {
      if (type === frame.call) onCall(number, readPayloads(values))
      else if (type === frame.confirm) onConfirm(values.number())
      else if (type === frame.refuse) onRefuse(values.number(), values.text())
      else if (type === frame.ping) writer.send(frame.pong, number)
    },
  }
}

/**
 * @typedef {object} Payloads
 * @property {import('./call-arguments.cjs').CallHead} head
 * @property {string} configJson
 * @property {string} snapshotJson
 * @property {string} messageJson
 */

/** @param {import('./frames.cjs').FrameValues} values @returns {Payloads} */
function readPayloads(values) {
  return {
    head: JSON.parse(values.text()),
    configJson: values.text(),
    snapshotJson: values.text(),
    messageJson: values.text(),
  }
}

/** @param {ServedCall} call @param {Function} run @param {{ payloads: Payloads, dialect: 'oih' | 'elasticio', logger: Logger }} parts */
function process(call, run, { payloads, dialect, logger }) {
  const { head, configJson, snapshotJson, messageJson } = payloads
  try {
    const message = inbound(messageJson, dialect)
    call.received = message.payload
    const args = [message.view].concat(callArguments(head, { configJson, snapshotJson, dialect }))
    call.run(run, new TaskExec(call, logger.child(loggerFields(head))), args)
  } catch (error) {
    call.fail(error)
  }
}

/** @param {import('./call-arguments.cjs').CallHead} head */
function loggerFields({ function: name, context }) {
  const { flow, step, run, messageId } = context
  return { flow, step, function: name, run, messageId, threadId: run }
}

module.exports = { openServer }
