import type { Logger } from 'pino'
import { systemClock } from '../runtime/clock.ts'
import type { ComponentHost } from '../runtime/runner/component-host.ts'
import type { ComponentLogLine, HostLimits } from '../runtime/runner/host/host-options.ts'
import { localLauncher } from '../runtime/runner/host/local-launcher.ts'
import { openComponentHost } from '../runtime/runner/host/open-component-host.ts'

export interface LocalHostOptions {
  readonly log: Logger
  /** Of this process; components get only the harmless part of it. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly limits?: Partial<HostLimits>
}

/** Components as child processes of this one; what they say becomes log lines. */
export function openLocalHost({ log, environment, limits }: LocalHostOptions): ComponentHost {
  return openComponentHost({
    clock: systemClock,
    launcher: localLauncher(),
    environment,
    onLog: (line) => logLine(log, line),
    ...(limits !== undefined && { limits }),
  })
}

function logLine(log: Logger, { source, level, message, fields }: ComponentLogLine): void {
  log[level]({ ...fields, ...(source !== 'logger' && { source }) }, message)
}
