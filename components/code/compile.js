'use strict'

const { builtinModules } = require('node:module')
const vm = require('node:vm')

const FILE = 'source.js'
const MAX_COMPILED = 100
const PARAMETERS = 'msg, cfg, snapshot, emit, require'
// What Node has and a bare context does not. Copied by name: that a global is not enumerable must not hide it.
const GLOBALS =
  'AbortController AbortSignal Blob Buffer FormData Headers Request Response TextDecoder TextEncoder URL URLSearchParams ' +
  'atob btoa clearImmediate clearInterval clearTimeout console crypto fetch performance queueMicrotask ' +
  'setImmediate setInterval setTimeout structuredClone'

/** Source to function, the most recently used last. One step has one source; with `bind` there may be more. */
const compiled = new Map()

/**
 * The async function that a source is, compiled once; each source has globals of its own.
 *
 * @throws a permanent error `InvalidSource` that names the line
 */
function compile(source) {
  if (typeof source !== 'string' || source.trim() === '') throw invalid('config.source must be the JavaScript to run')
  const call = compiled.get(source) ?? compileNew(source)
  compiled.delete(source)
  compiled.set(source, call)
  if (compiled.size > MAX_COMPILED) compiled.delete(compiled.keys().next().value)
  return call
}

function compileNew(source) {
  const context = vm.createContext(Object.fromEntries(GLOBALS.split(' ').map((name) => [name, globalThis[name]])))
  context.global = context
  return isModule(source) ? moduleFunction(source, context) : bodyFunction(source, context)
}

function isModule(source) {
  return /^\s*(module\.)?exports\b[\w.\s]*=/m.test(source)
}

/** The source is an async function's body. */
function bodyFunction(source, context) {
  // On the source's first line, so that the lines of errors are those of the source.
  const call = parse(source, `(async function run(${PARAMETERS}) {${source}\n})`, context)
  return function (msg, cfg, snapshot, emit) {
    return call.call(this, msg, cfg, snapshot, emit, requireBuiltin)
  }
}

/** The source is a CommonJS module: it runs once, and what it exports is called. */
function moduleFunction(source, context) {
  const module = { exports: {} }
  const load = parse(source, `(function (require, module, exports) {${source}\n})`, context)
  try {
    load.call(module.exports, requireBuiltin, module, module.exports)
  } catch (error) {
    throw invalid(`config.source fails while it is loaded${lineOf(error, source)}: ${error?.message ?? error}`)
  }
  const call = typeof module.exports === 'function' ? module.exports : module.exports.process
  if (typeof call !== 'function')
    throw invalid('config.source exports no function: write module.exports = async (msg, cfg) => …')
  return call
}

function parse(source, code, context) {
  try {
    return vm.runInContext(code, context, { filename: FILE, columnOffset: -code.indexOf(source) })
  } catch (error) {
    throw invalid(`config.source is not valid JavaScript${lineOf(error, source)}: ${error.message}`)
  }
}

/** Only Node's own modules: what else a step needs is a dependency, and a dependency wants a component of its own. */
function requireBuiltin(name) {
  const plain = String(name).replace(/^node:/, '')
  if (builtinModules.includes(plain)) return require(`node:${plain}`)
  throw invalid(`require("${name}"): only Node's own modules are here; for others write a component`)
}

/** What is missing at the end is missed behind it: that is the last line. */
function lineOf(error, source) {
  const line = /^\s*(?:at .*)?\(?source\.js:(\d+)/m.exec(String(error?.stack ?? ''))?.[1]
  return line === undefined ? '' : ` (line ${Math.min(Number(line), source.trimEnd().split('\n').length)})`
}

function invalid(message) {
  return Object.assign(new Error(message), { code: 'InvalidSource', permanent: true })
}

module.exports = { compile }
