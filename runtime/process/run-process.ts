import type { DestinationStream, Logger } from 'pino'
import { pino } from 'pino'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { PermanentError } from '../error.ts'
import type { ProcessSettings } from './settings.ts'

/** The parts of a process that only a main file may touch. */
export interface ProcessSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly onSignal: (listener: () => void) => void
  readonly exit: (code: number) => void
  /** For the time that closing may take; the system's by default. */
  readonly clock?: Clock
  /** For the log; stdout by default. */
  readonly output?: DestinationStream
}

export interface OpenedProcess {
  readonly port: number
  readonly close: () => Promise<void>
}

export interface Program<Settings> {
  readonly name: string
  /** @throws {PermanentError} */
  readonly settings: (environment: ProcessSurroundings['environment']) => Settings
  readonly open: (parts: {
    readonly settings: Settings
    readonly environment: ProcessSurroundings['environment']
    readonly log: Logger
    readonly signal: AbortSignal
    readonly onDraining: () => void
  }) => Promise<OpenedProcess>
}

/** Beyond the settings' shutdown time, for what is closed after the work. */
const lastWordMs = 10_000

/**
 * Opens a program, serves until a signal, closes it. Exit code 0 after a signal, 2 for what has to be mended first, 1 when it
 * was not closed, or not in time: what had started is then begun again elsewhere.
 */
export async function runProcess<Settings extends Pick<ProcessSettings, 'logLevel' | 'shutdownSeconds'>>(
  { name, settings: read, open }: Program<Settings>,
  { environment, onSignal, exit, clock = systemClock, output }: ProcessSurroundings,
): Promise<void> {
  const ending = new AbortController()
  const ended = new Promise<void>((resolve) => ending.signal.addEventListener('abort', () => resolve()))
  const end = (): void => ending.abort(new Error('the process is ending'))
  onSignal(end)
  let log = openLog(name, 'info', output)
  try {
    const settings = read(environment)
    log = openLog(name, settings.logLevel, output)
    const opened = await open({ settings, environment, log, signal: ending.signal, onDraining: end })
    log.info({ port: opened.port }, 'ready')
    await ended
    log.info('draining')
    const cancel = clock.setTimer(settings.shutdownSeconds * 1000 + lastWordMs, () => {
      log.error('not closed in time: a server or a component did not let go')
      exit(1)
    })
    const isClosed = await closed(opened, log)
    cancel()
    exit(isClosed ? 0 : 1)
  } catch (err) {
    if (ending.signal.aborted) return exit(0)
    if (err instanceof PermanentError) log.fatal({ code: err.code }, err.message)
    else log.fatal({ err }, 'cannot start')
    exit(2)
  }
}

async function closed({ close }: OpenedProcess, log: Logger): Promise<boolean> {
  try {
    await close()
    log.info('closed')
    return true
  } catch (err) {
    log.error({ err }, 'not closed as it should be')
    return false
  }
}

function openLog(name: string, level: string, output: DestinationStream | undefined): Logger {
  return pino({ level, base: { program: name }, formatters: { level: (label) => ({ level: label }) } }, output)
}
