'use strict'

/**
 * What the runner says of a call beside its payloads.
 *
 * @typedef {object} CallHead
 * @property {string} function
 * @property {string} main
 * @property {number} origin names the flow's step within this process
 * @property {number} timeoutMs
 * @property {CallContext} context
 *
 * @typedef {object} CallContext
 * @property {string} flow
 * @property {string} namespace
 * @property {string} step
 * @property {string} run
 * @property {string} messageId
 * @property {number} attempt
 * @property {string} [traceparent]
 * @property {string} [reboundReason]
 */

/**
 * cfg, snapshot, headers, tokenData: fresh copies, which components change at will. The last two are given in both
 * dialects; many functions in one file tell themselves apart by `tokenData.function`.
 *
 * @param {CallHead} head
 * @param {{ configJson: string, snapshotJson: string, dialect: 'oih' | 'elasticio' }} source
 */
function callArguments(head, { configJson, snapshotJson, dialect }) {
  const config = JSON.parse(configJson)
  if (typeof config.nodeSettings !== 'object' || config.nodeSettings === null) {
    // Generated OIH connectors read it blindly; elastic.io ones may send all of cfg to somebody.
    Object.defineProperty(config, 'nodeSettings', {
      value: {},
      enumerable: dialect === 'oih',
      writable: true,
      configurable: true,
    })
  }
  return [config, JSON.parse(snapshotJson), headersOf(head.context), tokenDataOf(head)]
}

/** @param {CallContext} context */
function headersOf(context) {
  const headers = {
    messageId: context.messageId,
    threadId: context.run,
    taskId: context.flow,
    execId: context.run,
    stepId: context.step,
  }
  if (context.traceparent !== undefined) headers.traceparent = context.traceparent
  if (context.reboundReason !== undefined) {
    headers.reboundReason = reboundReason(context.reboundReason)
    headers.reboundIteration = Math.max(1, context.attempt - 1)
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

/** @param {CallHead} head */
function tokenDataOf({ context, function: name }) {
  return {
    flowId: context.flow,
    stepId: context.step,
    flowExecId: context.run,
    function: name,
    userId: '',
    tenant: context.namespace,
    nodeSettings: {},
    specialFlags: {},
  }
}

module.exports = { callArguments }
