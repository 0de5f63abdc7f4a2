import type { Broker } from '../broker/broker.ts'
import type { Metrics } from '../metrics/open-metrics.ts'
import type { SupervisorLauncher } from '../runner/host/supervisor-launcher.ts'
import type { Store } from '../store/store.ts'
import type { HealthServer } from './open-health-server.ts'
import { openHealthServer } from './open-health-server.ts'
import type { ProcessSettings } from './settings.ts'

/** Probes that answer from the first moment of a process, before it has anything to show. */
export interface Probes extends HealthServer {
  /** Shows the state of what is open by now. */
  readonly serve: (served: Served) => void
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

/** @throws {PermanentError} `PortUnusable` */
export async function openProbes({ httpHost: host, httpPort: port, portSetting }: ProbesAddress): Promise<Probes> {
  let served: Served | undefined
  const server = await openHealthServer({
    host,
    port,
    ...(portSetting !== undefined && { portSetting }),
    troubles: () => (served === undefined ? ['starting: the log says what is waited for'] : troublesOf(served)),
    metrics: {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      text: async () => (await served?.metrics.text()) ?? '',
    },
  })
  return { ...server, serve: (now) => (served = now) }
}

/** The store is no reason to send nobody here: what needs none of it goes on. */
function troublesOf({ broker, supervisor, isStarted }: Served): string[] {
  const health = broker.health()
  return [
    ...(health.kind === 'ready' ? [] : [`${health.reason} (since ${new Date(health.since).toISOString()})`]),
    ...(isStarted?.() === false ? ['starting: not every queue that lives is consumed yet'] : []),
    ...(supervisor?.isConnected() === false ? ['the container of the component has not connected'] : []),
  ]
}
