#!/usr/bin/env node
// Starts the CLI on Node 24. An older Node (the floor is 20) hands over to the one in this checkout's node_modules.
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))))
const main = join(root, 'cli', 'main.ts')
const [major = 0] = process.versions.node.split('.').map(Number)

if (major >= 24) {
  // node:sqlite prints an experimental warning on every start; nobody can act on it.
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = (warning, ...rest) => {
    if (String(rest[0]?.type ?? rest[0]) !== 'ExperimentalWarning') emitWarning(warning, ...rest)
  }
  await import(main)
} else {
  const node = join(root, 'node_modules', 'node', 'bin', 'node')
  if (!existsSync(node)) {
    process.stderr.write(`weir needs Node 24; this is ${process.version}. Run "npm ci" in ${root} to get one beside it.\n`)
    process.exit(1)
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  // A terminal's Ctrl-C reaches the child by itself; what is sent to this process alone is passed on.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)
  })
}
