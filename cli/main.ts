import { basename, dirname, join } from 'node:path'
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

/** A reader that has gone away (`weir … | head -1`) is no fault: what runs goes on to its end without it. */
function onUnwritable(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') fail(`output cannot be written: ${error.message}`)
}

/** What nobody foresaw; whoever wants to know more asks for it. */
function onUncaught(error: unknown): void {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error))
  const isDebugging = env['WEIR_LOG_LEVEL'] === 'debug'
  fail(`${message}\n${isDebugging ? stack : 'this is a fault of weir; WEIR_LOG_LEVEL=debug shows where'}`)
}

function fail(message: string): never {
  stderr.write(`error: ${message}\n`)
  process.exit(2)
}

process.on('uncaughtException', onUncaught)
stdout.on('error', onUnwritable)
stderr.on('error', (error) => {
  onUnwritable(error)
  // Nobody can see any more what an endless run has to say.
  interrupted.abort(error)
})

process.exitCode = await runCli(process.argv.slice(2), {
  terminal: terminalOf({ stdout, stderr, stdin, env }),
  catalogue: join(dirname(dirname(fileURLToPath(import.meta.url))), 'components'),
  takeInterrupts: () => {
    process.on('SIGINT', onInterrupt)
    process.on('SIGTERM', onInterrupt)
    return { interrupted: interrupted.signal, stopped: stopped.signal, stop: stopAtOnce }
  },
  // kubectl starts what is called so when somebody types `kubectl weir`.
  isPlugin: basename(process.argv[1] ?? '').startsWith('kubectl-weir'),
  environment: env,
  logLevel: env['WEIR_LOG_LEVEL'] ?? 'info',
})
process.off('SIGINT', onInterrupt)
process.off('SIGTERM', onInterrupt)
