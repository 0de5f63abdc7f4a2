'use strict'

const { spawn } = require('child_process')
const { readFile } = require('fs')

/**
 * The component processes that a supervisor has started, by the runner's numbers.
 *
 * @typedef {import('child_process').ChildProcess} ChildProcess
 * @typedef {{ id: number, directory?: string, env: object, maxHeapMb: number }} Order
 */

/**
 * @param {(message: object) => boolean} tell false when what was said before waits to be sent
 * @param {Readonly<Record<string, string | undefined>>} environment of this process
 */
function supervisedChildren(tell, environment) {
  const inherited = withoutOurs(environment)
  /** @type {Map<number, ChildProcess>} */
  const children = new Map()

  /** @param {number} id @param {'stdout' | 'stderr'} stream @param {ChildProcess} child */
  function passOn(id, stream, child) {
    const readable = child[stream]
    readable.setEncoding('utf8')
    readable.on('data', (text) => {
      if (children.get(id) === child && !tell({ type: 'output', id, stream, text })) readable.pause()
    })
  }

  /**
   * The next runner begins its numbers anew: what an earlier one's process still has to say is not of the one that has its number now.
   *
   * @param {number} id @param {ChildProcess} child @param {object} words
   */
  function tellEnd(id, child, words) {
    if (children.get(id) !== child) return
    children.delete(id)
    tell(Object.assign({ id }, words))
  }

  return {
    /** @param {Order} order */
    launch: (order) => {
      const { id } = order
      const child = start(order, inherited)
      children.set(id, child)
      passOn(id, 'stdout', child)
      passOn(id, 'stderr', child)
      child.on('error', (error) => tellEnd(id, child, { type: 'notStarted', reason: error.message }))
      // Only what has left the group alone survives this; the leader itself is gone.
      child.on('exit', () => endGroup(child))
      // When its output is read to the end as well.
      child.on('close', (code, signal) => tellEnd(id, child, { type: 'exited', code, signal }))
    },

    /** @param {number} id */
    kill: (id) => {
      const child = children.get(id)
      if (child !== undefined && child.exitCode === null && child.signalCode === null) endGroup(child)
    },

    /** @param {number} id */
    tellMemory: (id) => {
      const child = children.get(id)
      if (child === undefined) return tell({ type: 'rss', id })
      return readFile(`/proc/${child.pid}/status`, 'latin1', (error, status) => {
        const found = error ? null : /^VmRSS:\s+(\d+) kB/m.exec(status)
        tell(found ? { type: 'rss', id, bytes: Number(found[1]) * 1024 } : { type: 'rss', id })
      })
    },

    /** Reads on what waited until the runner had taken what was said before. */
    resumeOutput: () => {
      children.forEach(({ stdout, stderr }) => {
        stdout.resume()
        stderr.resume()
      })
    },

    endAll: () => {
      children.forEach(endGroup)
      children.clear()
    },
  }
}

/** @param {Order} order @param {object} inherited */
function start({ directory, env, maxHeapMb }, inherited) {
  return spawn(process.execPath, [`--max-old-space-size=${maxHeapMb}`, process.argv[1]], {
    cwd: directory === undefined ? process.cwd() : directory,
    env: Object.assign({}, inherited, env),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: a signal to this process is not theirs, and a kill takes along what they have started.
    detached: true,
  })
}

/** @param {ChildProcess} child */
function endGroup(child) {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
    // oxlint-disable-next-line no-unused-vars -- ES2017 has no catch without a name
  } catch (_gone) {
    // ESRCH: all of them, already.
  }
}

/**
 * The container's own variables are the component's; ours are nobody's business.
 *
 * @param {Readonly<Record<string, string | undefined>>} environment
 */
function withoutOurs(environment) {
  const names = Object.keys(environment).filter((name) => name.indexOf('WEIR_') !== 0)
  return names.reduce((all, name) => Object.assign(all, { [name]: environment[name] }), {})
}

module.exports = { supervisedChildren }
