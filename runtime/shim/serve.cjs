'use strict'

const { callArguments, readCall } = require('./call-arguments.cjs')
const { declaredMain } = require('./declared-main.cjs')
const { inbound } = require('./dialect.cjs')
const { isReported, toFailure } = require('./failure.cjs')
const { frame } = require('./frames.cjs')
const { openLink } = require('./link.cjs')
const { openLoader } = require('./loader.cjs')
const { Logger, levelNumber } = require('./logger.cjs')
const { ServedCall } = require('./served-call.cjs')
const { TaskExec } = require('./task-exec.cjs')

/**
 * @typedef {object} Writer
 * @property {(type: number, call: number, ...values: (number | string)[]) => void} send
 * @property {(type: number, call: number) => void} sendLast
 * @property {() => void} flush
 */

/**
 * Serves the runner's calls in a component's process.
 *
 * @param {Writer} writer
 * @param {{ root: string, dialect: 'oih' | 'elasticio', logLevel: string | undefined, platform: Record<string, string | undefined>,
 *   waitUntilQuiet?: (call: ServedCall, onQuiet: () => void) => () => void }} options
 */
function openServer(writer, options) {
  /** Not ended, in no order. No Set: one from which the oldest goes keeps dead calls alive. @type {ServedCall[]} */
  const running = []
  /** What calls have in common, by origin. @type {import('./call-arguments.cjs').Step[]} */
  const steps = []
  const { link, onConfirm, onRefuse } = openLink(writer, (call) => leave(running, call))
  const logger = new Logger(
    (record) => writer.send(frame.log, 0, JSON.stringify(record)),
    {},
    levelNumber(options.logLevel),
  )
  const loader = openLoader({ root: options.root, dialect: options.dialect, logger })
  const { dialect, platform, waitUntilQuiet } = options
  const parts = { dialect, platform, waitUntilQuiet, link, logger }

  /** @param {number} number @param {import('./call-arguments.cjs').Source} source @param {Function} run */
  function start(number, source, run) {
    const call = new ServedCall(number, source.origin, source.step.timeoutMs, parts)
    call.place = running.length
    running.push(call)
    runCall(call, run, source)
  }

  /** @param {number} number @param {import('./call-arguments.cjs').Source} source */
  function onCall(number, source) {
    const { main } = source.step
    const run = loader.ready(main)
    if (run) {
      start(number, source, run)
      return
    }
    loader.load(main, source.configJson).then(
      (loaded) => {
        writer.send(frame.started, number)
        // Before a function that may block for ever: the runner's time-out begins with it.
        writer.flush()
        start(number, source, loaded)
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
      if (running.length === 1 && only.isAwaited) only.fail(reason)
    },

    /** @param {number} type @param {number} number @param {import('./frames.cjs').FrameValues} values */
    onFrame: (type, number, values) => {
      if (type === frame.call) onCall(number, readCall(values, steps))
      else if (type === frame.confirm) onConfirm(values.number())
      else if (type === frame.refuse) onRefuse(values.number(), values.text())
      else if (type === frame.step) steps[number] = stepOf(JSON.parse(values.text()), options.root)
      else if (type === frame.ping) writer.send(frame.pong, number)
    },
  }
}

/** @param {import('./call-arguments.cjs').Step} step @param {string} root @returns {import('./call-arguments.cjs').Step} */
function stepOf(step, root) {
  return step.main === '' ? Object.assign({}, step, { main: declaredMain(root, step.function) }) : step
}

/** The last takes its place. @param {ServedCall[]} running @param {ServedCall} call */
function leave(running, call) {
  const last = running.pop()
  if (last === undefined || last === call) return
  running[call.place] = last
  last.place = call.place
}

/** @param {ServedCall} call @param {Function} run @param {import('./call-arguments.cjs').Source} source */
function runCall(call, run, source) {
  const { dialect, logger } = call.parts
  try {
    const message = inbound(source.messageJson, dialect)
    call.received = message.payload
    const { config, snapshot, headers, tokenData, fields } = callArguments(source, dialect)
    call.run(run, new TaskExec(call, logger.withFields(fields)), [message.view, config, snapshot, headers, tokenData])
  } catch (error) {
    call.fail(error)
  }
}

module.exports = { openServer }
