import { isBuiltin } from 'node:module'
import type { Plugin } from 'esbuild'

/**
 * Of Node's own modules those that take long to load and are not there from the start. Whoever imports them gets them when one of
 * their exports is first used: `node:tls` alone takes 20 ms, and without `amqps:` nobody uses it.
 */
const lateBuiltIns: ReadonlySet<string> = new Set([
  'assert',
  'child_process',
  'crypto',
  'diagnostics_channel',
  'dns',
  'fs/promises',
  'http',
  'https',
  'net',
  'os',
  'querystring',
  'stream/promises',
  'tls',
  'url',
  'worker_threads',
  'zlib',
])

/** Packages that few starts need, and none of their exports while modules are loaded. Each is a file of its own. */
export const latePackages = ['amqplib', 're2js', 'thread-stream']

/** Below the programs. */
export function latePackageFile(name: string): string {
  return `late/${name}.cjs`
}

/**
 * Node's own modules are required: imported, each gets a facade that touches all of its exports, and with those of `node:http` comes
 * a whole HTTP client that nobody here uses, which takes longer to load than all of ours.
 */
export const lateModules: Plugin = {
  name: 'late modules',
  setup: (build) => {
    build.onResolve({ filter: /./ }, ({ path, kind }) => {
      if (latePackages.includes(path)) return { path, namespace: 'late' }
      if (!isBuiltin(path)) return undefined
      // Late as it is. In a file of its own it would have a default export alone: the driver of MongoDB does not find `os.platform`, and says nothing.
      if (kind === 'dynamic-import') return { path, external: true }
      const name = path.replace(/^node:/, '')
      if (lateBuiltIns.has(name)) return { path: `node:${name}`, namespace: 'late' }
      return kind === 'import-statement' ? { path, namespace: 'required' } : undefined
    })
    build.onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }))
    build.onLoad({ filter: /./, namespace: 'late' }, async ({ path }) => ({ contents: await lateModule(path) }))
  },
}

/** In its place what has a getter for each export, and is a function where the module is one. */
async function lateModule(path: string): Promise<string> {
  const module = (await import(path)) as Readonly<Record<string, unknown>> // any module is that
  const names = Object.keys(module).filter((name) => name !== 'default' && name !== 'module.exports')
  const getters = names.map((name) => `${name}: { get: () => load().${name}, enumerable: true }`)
  const isFunction = typeof module['default'] === 'function'
  const itself = 'function (...args) { return new.target ? new (load())(...args) : load()(...args) }'
  const file = isBuiltin(path) ? path : `./${latePackageFile(path)}`
  // By another name, so that the bundler does not follow it.
  return `const { require: requireLate } = { require }
let loaded
const load = () => (loaded ??= requireLate(${JSON.stringify(file)}))
module.exports = Object.defineProperties(${isFunction ? itself : '{}'}, { ${getters.join(', ')} })`
}
