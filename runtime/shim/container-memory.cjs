'use strict'

const { readFileSync } = require('fs')
const { totalmem } = require('os')
const path = require('path')

/**
 * The most memory that the cgroup of this process may use, or one that it lies in: of version 2, or of version 1. Undefined where there is no
 * such limit below what the machine has, or nobody can tell.
 *
 * @param {{ groups: string, root: string }} [files] where the kernel says so
 * @returns {number | undefined} bytes
 */
function containerMemory({ groups, root } = { groups: '/proc/self/cgroup', root: '/sys/fs/cgroup' }) {
  const limits = linesOf(groups)
    .map((line) => placeIn(line, root))
    .reduce((all, place) => (place === undefined ? all : all.concat(limitsAbove(place))), /** @type {number[]} */ ([]))
  const least = Math.min.apply(null, limits)
  return least < totalmem() ? least : undefined
}

/** @typedef {{ base: string, group: string, file: string }} Place */

/**
 * @param {string} line `4:memory:/path`, or `0::/path` of version 2
 * @param {string} root
 * @returns {Place | undefined}
 */
function placeIn(line, root) {
  const [, controllers, group] = /^\d+:([^:]*):(\/.*)$/.exec(line) || []
  if (controllers === '') return { base: root, group, file: 'memory.max' }
  if (controllers === undefined || controllers.split(',').indexOf('memory') === -1) return undefined
  return { base: path.join(root, 'memory'), group, file: 'memory.limit_in_bytes' }
}

/**
 * Of the group and of all that it lies in. In a container the path may be the machine's, while the files are those of the container.
 *
 * @param {Place} place
 */
function limitsAbove({ base, group, file }) {
  const limits = []
  for (let at = group; ; at = path.dirname(at)) {
    const [text] = linesOf(path.join(base, at, file))
    if (/^\d+$/.test(text || '')) limits.push(Number(text))
    if (at === '/') return limits
  }
}

/** @param {string} file */
function linesOf(file) {
  try {
    return readFileSync(file, 'latin1').split('\n')
    // oxlint-disable-next-line no-unused-vars -- ES2017 has no catch without a name
  } catch (_missing) {
    return []
  }
}

module.exports = { containerMemory }
