import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCli } from './program.ts'
import { terminalOf } from './terminal.ts'

const interrupted = new AbortController()
const { stdout, stderr, stdin, env } = process

function onInterrupt(): void {
  if (interrupted.signal.aborted) process.exit(130)
  interrupted.abort(new Error('interrupted'))
}
process.on('SIGINT', onInterrupt)
process.on('SIGTERM', onInterrupt)
// A reader that has gone away (`weir … | head`) is no fault.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const catalogue = join(dirname(dirname(fileURLToPath(import.meta.url))), 'components')
process.exitCode = await runCli(process.argv.slice(2), {
  terminal: terminalOf({ stdout, stderr, stdin, env }),
  catalogue,
  interrupted: interrupted.signal,
  environment: env,
  logLevel: env['WEIR_LOG_LEVEL'] ?? 'info',
})
process.off('SIGINT', onInterrupt)
process.off('SIGTERM', onInterrupt)
