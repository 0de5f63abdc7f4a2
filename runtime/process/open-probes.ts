import type { Broker } from '../broker/broker.ts'
import type { Metrics } from '../metrics/open-metrics.ts'
import type { SupervisorLauncher } from '../runner/host/supervisor-launcher.ts'
import type { Store } from '../store/store.ts'
import type { HealthServer } from './open-health-server.ts'
import { openHealthServer } from './open-health-server.ts'
import type { ProcessSettings } from './settings.ts'

/** Probes that answer from the first moment of a process, before it has anything to show. */
export interface Probes extends HealthServer {
  /** Until `serve`: what keeps this server from being used; undefined when nothing does any more. */
  readonly waiting: (server: 'broker' | 'store', trouble: Trouble | undefined) => void
  /** Shows the state of what is open by now. */
  readonly serve: (served: Served) => void
}

export interface Trouble {
  readonly reason: string
  /** Milliseconds since 1970. */
  readonly since: number
}

export interface Served {
  readonly broker: Pick<Broker, 'health'>
  readonly store: Pick<Store, 'health'>
  readonly metrics: Pick<Metrics, 'contentType' | 'text'>
  /** Whether the process has all that it is to work on; without it, it has. */
  readonly isStarted?: () => boolean
  readonly supervisor?: Pick<SupervisorLauncher, 'isConnected'> | undefined
}

export interface ProbesAddress extends Pick<ProcessSettings, 'httpHost' | 'httpPort'> {
  /** What the port is set by, for whoever has to choose another. */
  readonly portSetting?: string
}

/** Probes that know what they will say, and do not listen yet. */
export interface SilentProbes extends Pick<Probes, 'waiting' | 'serve' | 'close'> {
  /** @throws {PermanentError} `PortUnusable` */
  readonly listen: () => Promise<Pick<Probes, 'port'>>
}

/** @throws {PermanentError} `PortUnusable` */
export async function openProbes(address: ProbesAddress): Promise<Probes> {
  const probes = silentProbes(address)
  return { ...probes, ...(await probes.listen()) }
}

export function silentProbes({ httpHost: host, httpPort: port, portSetting }: ProbesAddress): SilentProbes {
  let server: HealthServer | undefined
  let served: Served | undefined
  const waiting = new Map<string, Trouble>()
  const address = { host, port, ...(portSetting !== undefined && { portSetting }) }
  const parts = {
    ...address,
    troubles: () => (served === undefined ? ['starting', ...[...waiting.values()].map(textOf)] : troublesOf(served)),
    metrics: {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      text: async () => (await served?.metrics.text()) ?? '',
    },
  }
  return {
    listen: async () => (server = await openHealthServer(parts)),
    close: async () => server?.close(),
    waiting: (name, trouble) => void (trouble === undefined ? waiting.delete(name) : waiting.set(name, trouble)),
    serve: (now) => (served = now),
  }
}

/** The store is no reason to send nobody here: what needs none of it goes on. */
function troublesOf({ broker, supervisor, isStarted }: Served): string[] {
  const health = broker.health()
  return [
    ...(health.kind === 'ready' ? [] : [textOf(health)]),
    ...(isStarted?.() === false ? ['starting: not every queue that lives is consumed yet'] : []),
    ...(supervisor?.isConnected() === false ? ['the container of the component has not connected'] : []),
  ]
}

function textOf({ reason, since }: Trouble): string {
  return `${reason} (since ${new Date(since).toISOString()})`
}
