#!/usr/bin/env node
// Starts the CLI on Node 24. An older Node (the floor is 20) hands over to the one in this checkout's node_modules.
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const self = realpathSync(fileURLToPath(import.meta.url))
const root = dirname(dirname(self))
const [major = 0] = process.versions.node.split('.').map(Number)

if (major >= 24) {
  // node:sqlite prints an experimental warning on every start; nobody can act on it.
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = (warning, ...rest) => {
    if (String(rest[0]?.type ?? rest[0]) !== 'ExperimentalWarning') emitWarning(warning, ...rest)
  }
  // Types are stripped and code is compiled once, not at every start. Where the cache cannot be written, nothing is lost.
  module.enableCompileCache()
  await import('../cli/main.ts')
} else handOver(join(root, 'node_modules', 'node', 'bin', 'node'))

function handOver(node) {
  if (!existsSync(node)) {
    process.stderr.write(
      `weir needs Node 24, and this is ${process.version}. Install it, or run "npm install" in ${root} to get one beside it.\n`,
    )
    process.exitCode = 2
    return
  }
  // By the name that it was called by: as kubectl-weir it is a plug-in of kubectl.
  const child = spawn(node, [process.argv[1] ?? self, ...process.argv.slice(2)], { stdio: 'inherit' })
  // A terminal's Ctrl-C reaches the child by itself, and once more from here: it takes the two for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`${node} cannot be started: ${error.message}\n`)
    process.exitCode = 2
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)
  })
}
