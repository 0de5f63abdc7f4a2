'use strict'

/**
 * What calls of one step have in common.
 *
 * @typedef {object} Step
 * @property {string} function
 * @property {string} main
 * @property {string} flow
 * @property {string} namespace
 * @property {string} step
 * @property {number} timeoutMs
 *
 * One call, as it came.
 *
 * @typedef {object} Source
 * @property {number} origin
 * @property {Step} step
 * @property {number} attempt
 * @property {string} run
 * @property {string} messageId
 * @property {{ traceparent?: string, reboundReason?: string }} rare
 * @property {string} configJson
 * @property {string} snapshotJson
 * @property {string} messageJson
 */

/** What most calls have of it. */
const nothingRare = Object.freeze({})

/** @param {import('./frames.cjs').FrameValues} values @param {Step[]} steps @returns {Source} */
function readCall(values, steps) {
  const origin = values.number()
  const attempt = values.number()
  const run = values.text()
  const messageId = values.text()
  const rareJson = values.text()
  const rare = rareJson === '' ? nothingRare : JSON.parse(rareJson)
  const [configJson, snapshotJson, messageJson] = [values.text(), values.text(), values.text()]
  return { origin, step: steps[origin], attempt, run, messageId, rare, configJson, snapshotJson, messageJson }
}

/**
 * What a function gets beside its message: fresh copies, which components change at will. Headers and tokenData are given
 * in both dialects; many functions in one file tell themselves apart by `tokenData.function`.
 *
 * @param {Source} source
 * @param {'oih' | 'elasticio'} dialect
 */
function callArguments(source, dialect) {
  const { run, messageId } = source
  const { flow, step, function: name } = source.step
  return {
    config: configOf(source.configJson, dialect),
    snapshot: JSON.parse(source.snapshotJson),
    headers: headersOf(source),
    tokenData: tokenDataOf(source),
    fields: { flow, step, function: name, run, messageId, threadId: run },
  }
}

/** @param {string} json @param {'oih' | 'elasticio'} dialect */
function configOf(json, dialect) {
  const config = JSON.parse(json)
  if (typeof config.nodeSettings === 'object' && config.nodeSettings !== null) return config
  // Generated OIH connectors read it blindly; elastic.io ones may send all of cfg to somebody.
  if (dialect === 'oih') config.nodeSettings = {}
  else
    Object.defineProperty(config, 'nodeSettings', { value: {}, enumerable: false, writable: true, configurable: true })
  return config
}

/** @param {Source} source */
function headersOf({ messageId, run, attempt, step: { flow, step }, rare }) {
  const headers = { messageId, threadId: run, taskId: flow, execId: run, stepId: step }
  if (rare === nothingRare) return headers
  if (rare.traceparent !== undefined) headers.traceparent = rare.traceparent
  if (rare.reboundReason !== undefined) {
    headers.reboundReason = reboundReason(rare.reboundReason)
    headers.reboundIteration = Math.max(1, attempt - 1)
  }
  return headers
}

/** The reason as the component gave it: an object came over as its JSON. @param {string} reason */
function reboundReason(reason) {
  if (reason[0] !== '{' && reason[0] !== '[') return reason
  try {
    return JSON.parse(reason)
    // oxlint-disable-next-line no-unused-vars -- ES2017 has no catch without a name
  } catch (_notJson) {
    return reason
  }
}

/** @param {Source} source */
function tokenDataOf({ run, step: { flow, namespace, step, function: name } }) {
  return {
    flowId: flow,
    stepId: step,
    flowExecId: run,
    function: name,
    userId: '',
    tenant: namespace,
    nodeSettings: {},
    specialFlags: {},
  }
}

module.exports = { callArguments, readCall }
