import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCli } from './program.ts'
import { terminalOf } from './terminal.ts'

const { stdout, stderr, stdin, env } = process
const interrupted = new AbortController()
const stopped = new AbortController()
let interruptedAtMs = 0

/** A Ctrl-C that npm or an older Node passes on arrives twice, within a moment. */
const sameMomentMs = 100
/** For whoever hears of the second one: to kill what runs and to remove what is temporary. */
const lastWordMs = 2000

function onInterrupt(): void {
  if (!interrupted.signal.aborted) {
    interruptedAtMs = performance.now()
    interrupted.abort(new Error('interrupted'))
  } else if (performance.now() - interruptedAtMs >= sameMomentMs) stopAtOnce()
}

function stopAtOnce(): void {
  if (stopped.signal.aborted) process.exit(130)
  stopped.abort(new Error('stopped'))
  setTimeout(() => process.exit(130), lastWordMs).unref()
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
}

// A reader that has gone away (`weir … | head -1`) is no fault: what runs goes on to its end without it.
stdout.on('error', ignoreClosedPipe)
stderr.on('error', (error) => {
  ignoreClosedPipe(error)
  // Nobody can see any more what an endless run has to say.
  interrupted.abort(error)
})

process.exitCode = await runCli(process.argv.slice(2), {
  terminal: terminalOf({ stdout, stderr, stdin, env }),
  catalogue: join(dirname(dirname(fileURLToPath(import.meta.url))), 'components'),
  takeInterrupts: () => {
    process.on('SIGINT', onInterrupt)
    process.on('SIGTERM', onInterrupt)
    return { interrupted: interrupted.signal, stopped: stopped.signal }
  },
  environment: env,
  logLevel: env['WEIR_LOG_LEVEL'] ?? 'info',
})
process.off('SIGINT', onInterrupt)
process.off('SIGTERM', onInterrupt)
