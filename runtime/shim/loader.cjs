'use strict'

const fs = require('fs')
const path = require('path')
const { pathToFileURL } = require('url')
const { codedError, toFailure } = require('./failure.cjs')

/** What a newer Node says of a module that only `import()` can load. */
const importOnly = ['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE']

const nameless =
  'nothing tells which file holds the function: name it in `main`, in the component.json or among the functions of the Component'

/**
 * Loads component files and runs their `init` hooks, each file once per process.
 *
 * @param {{ root: string, dialect: 'oih' | 'elasticio', logger: import('./logger.cjs').Logger }} options
 */
function openLoader(options) {
  /** @type {Map<string, Function>} */
  const ready = new Map()
  /** @type {Map<string, Promise<Function>>} */
  const loading = new Map()

  /** @param {string} main @param {string} configJson */
  async function loadAndInit(main, configJson) {
    try {
      if (main === '') throw loadError(nameless, undefined, true)
      const exported = await loadFile(options.root, main)
      const run = processOf(exported)
      if (!run) throw loadError(`${main} exports no function named process`, undefined, true)
      await runInit(exported, main, configJson)
      ready.set(main, run)
      return run
    } finally {
      loading.delete(main)
    }
  }

  /** @param {any} exported @param {string} main @param {string} configJson */
  async function runInit(exported, main, configJson) {
    const holder = [exported, exported.default].find((each) => each && typeof each.init === 'function')
    if (!holder) return
    // Hooks have no logger in the vendors' runtimes, and some use one.
    const self = Object.create(holder, { logger: { value: options.logger, enumerable: true, writable: true } })
    try {
      await holder.init.call(self, JSON.parse(configJson))
    } catch (error) {
      // OIH's runtime never calls init, so a component made for it works without.
      if (options.dialect === 'elasticio')
        throw loadError(`init of ${main} failed: ${toFailure(error).message}`, error, false)
      options.logger.warn({ err: toFailure(error) }, 'init failed, going on without')
    }
  }

  return {
    /** The function, when it has been loaded. @param {string} main */
    ready: (main) => ready.get(main),

    /** @param {string} main @param {string} configJson @returns {Promise<Function>} rejects with a `ComponentLoadFailed` */
    load(main, configJson) {
      const known = loading.get(main)
      if (known) return known
      const started = loadAndInit(main, configJson)
      loading.set(main, started)
      return started
    },
  }
}

/** @param {string} root @param {string} main */
async function loadFile(root, main) {
  const file = path.join(root, main)
  try {
    return require(file)
  } catch (error) {
    if (!error || !importOnly.includes(error.code)) throw failedToLoad(root, main, error)
    try {
      return await importModule(require.resolve(file))
    } catch (importError) {
      throw failedToLoad(root, main, importError)
    }
  }
}

/** @param {string} file */
function importModule(file) {
  // oxlint-disable-next-line typescript/no-implied-eval -- Node 8 cannot even parse the word
  const load = new Function('url', 'return import(url)')
  return load(pathToFileURL(file).href)
}

/**
 * Names files as the component's author does: from its root, which may be a temporary directory.
 *
 * @param {string} root @param {string} main @param {any} error
 */
function failedToLoad(root, main, error) {
  const short = withoutRoot(root)
  // V8 begins the stack of a syntax error with its place, in whichever file it is.
  const place = /^(?:file:\/\/)?(\/.*:\d+)\n/.exec((error && error.stack) || '')
  const where = place ? short(place[1]) : path.normalize(main)
  return loadError(`${where} cannot be loaded: ${short(toFailure(error).message)}`, error, true)
}

/** @param {string} root @returns {(text: string) => string} */
function withoutRoot(root) {
  const real = fs.existsSync(root) ? fs.realpathSync(root) : root
  const prefixes = [root, real].map((each) => path.join(each, path.sep))
  return (text) => prefixes.reduce((rest, prefix) => rest.split(prefix).join(''), text)
}

/** @param {string} message @param {any} cause @param {boolean} permanent */
function loadError(message, cause, permanent) {
  const error = Object.assign(codedError('ComponentLoadFailed', message), { permanent })
  if (cause && typeof cause.stack === 'string') error.stack = cause.stack
  return error
}

/** @param {any} exported */
function processOf(exported) {
  if (!exported) return undefined
  const candidates = [exported.process, exported.default && exported.default.process, exported, exported.default]
  return candidates.find((each) => typeof each === 'function')
}

module.exports = { openLoader }
