import { dirname } from 'node:path'
import type { Logger } from 'pino'
import { TransientError } from '../error.ts'
import type { ComponentHost } from '../runner/component-host.ts'
import type { ComponentLogLine } from '../runner/host/host-options.ts'
import { localLauncher } from '../runner/host/local-launcher.ts'
import { openComponentHost } from '../runner/host/open-component-host.ts'
import type { SupervisorLauncher } from '../runner/host/supervisor-launcher.ts'
import { openSupervisorLauncher } from '../runner/host/supervisor-launcher.ts'
import type { ComponentCodeSource } from '../runner/runner-parts.ts'
import type { Clock } from '../clock.ts'
import type { RunnerSettings } from './settings.ts'

/** Where a runner process has its components' processes. */
export interface ProcessHost {
  readonly host: ComponentHost
  readonly code: ComponentCodeSource
  /** Undefined where components are children of this process. */
  readonly supervisor: SupervisorLauncher | undefined
}

export interface ProcessHostParts {
  readonly settings: Pick<RunnerSettings, 'components' | 'supervisorSocket' | 'maxProcesses'>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly log: Logger
  /** The container of the components is told to end. */
  readonly onDraining: () => void
}

export async function openProcessHost(parts: ProcessHostParts): Promise<ProcessHost> {
  const { settings, environment, clock, log } = parts
  const { supervisorSocket: socketPath, maxProcesses, components } = settings
  const supervisor =
    socketPath === undefined
      ? undefined
      : await openSupervisorLauncher({
          socketPath,
          onDraining: parts.onDraining,
          keepsDirectories: components.size > 0,
        })
  const host = openComponentHost({
    clock,
    launcher: supervisor ?? localLauncher(),
    // A supervisor's children have the variables of their own container.
    environment: supervisor === undefined ? environment : {},
    onLog: (line) => logLine(log, line),
    ...(maxProcesses !== undefined && { limits: { maxProcesses } }),
    ...(socketPath !== undefined && { socketDirectory: dirname(socketPath) }),
  })
  return { host, supervisor, code: codeIn(settings, log) }
}

/** A supervisor's container has one component, which lies where that begins to work. */
function codeIn({ components, supervisorSocket }: ProcessHostParts['settings'], log: Logger): ComponentCodeSource {
  const told = new Set<string>()
  return async ({ component: { kind, name } }) => {
    const directory = components.get(`${kind}/${name}`) ?? (supervisorSocket === undefined ? undefined : '.')
    if (directory !== undefined) return { directory, env: {} }
    const component = `${kind}/${name}`
    if (!told.has(component)) log.error({ component, code: 'ComponentNotFound' }, 'component cannot be run here')
    told.add(component)
    // What is wrong is this process and not the message: that waits, and no attempt is spent.
    throw new TransientError('ComponentNotFound', `no code for ${kind}/${name}: name its directory in WEIR_COMPONENTS`)
  }
}

function logLine(log: Logger, { source, level, message, fields }: ComponentLogLine): void {
  log[level]({ ...fields, ...(source !== 'logger' && { source }) }, message)
}
