import type { Logger } from 'pino'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import type { Broker, BrokerHealth, QueueDepth } from '../broker/broker.ts'
import { systemClock, type Clock } from '../clock.ts'
import { openMetrics, type MetricsParts } from '../metrics/open-metrics.ts'
import { openHealthServer } from '../process/open-health-server.ts'
import type { Store, StoreHealth } from '../store/store.ts'
import { openGround, type Ground } from './open-ground.ts'
import { openTenants, type OpenTenant, type TenantPart, type Tenants } from './open-tenants.ts'
import type { TenantRole } from './tenant-logins.ts'
import type { TenantSettings } from './tenant-settings.ts'

/** What a process for many namespaces shows of one of them. */
export interface ServedTenant extends TenantPart {
  readonly broker: Pick<Broker, 'depth' | 'health'>
  readonly store: Pick<Store, 'health'>
  /** Observations that are missing, as far as is known. */
  readonly dropped: () => number
}

export interface TenantProgram<Part extends ServedTenant> {
  readonly role: TenantRole
  readonly open: (ground: Ground, tenant: OpenTenant, clock: Clock) => Promise<Part>
  /** Of all namespaces together. */
  readonly meters?: Pick<MetricsParts, 'recorder' | 'gateway'>
  /** What it has beside its namespaces; closed before them, while probes answer. */
  readonly openBeside?: (serving: Serving<Part>) => Promise<Beside>
}

export interface Serving<Part> extends Pick<Tenants<Part>, 'parts'> {
  readonly ground: Pick<Ground, 'hasFlows' | 'troubles'>
  readonly clock: Clock
  readonly log: Logger
}

export interface Beside {
  /** What keeps it from its work now, each in a sentence. */
  readonly troubles: () => readonly string[]
  /** Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface ServingParts {
  readonly settings: TenantSettings
  readonly client: KubeClient
  readonly log: Logger
  /** By default that of the settings. */
  readonly namespace?: string | undefined
}

export interface ServedTenants<Part> extends Pick<Tenants<Part>, 'parts'> {
  readonly port: number
  /** Safe to repeat. */
  readonly close: () => Promise<void>
}

const nothingBeside: Beside = { troubles: () => [], close: async () => {} }
/** A namespace whose servers do not answer keeps nobody from serving the others. */
const patienceMs = 20_000

/** One process for all namespaces: each that has its part of the servers is served, as long as it has it. Probes answer from the first moment. */
export async function serveTenants<Part extends ServedTenant>(
  { role, open, meters = {}, openBeside }: TenantProgram<Part>,
  { settings, client, log, namespace = settings.namespace }: ServingParts,
): Promise<ServedTenants<Part>> {
  const clock = systemClock
  const opened = new AsyncDisposableStack()
  try {
    const ground = openGround({ client, role, servers: settings, namespace, clock, log })
    opened.defer(ground.close)
    const tenants = openTenants({ logins: ground.logins, clock, log, open: (tenant) => open(ground, tenant, clock) })
    opened.defer(tenants.close)
    let beside = nothingBeside
    const troubles = troublesOf(ground, tenants, clock)
    const { port, close } = await openHealthServer({
      host: settings.httpHost,
      port: settings.httpPort,
      troubles: () => [...troubles(), ...beside.troubles()],
      metrics: openMetrics({ ...together(tenants), ...meters, clock }),
    })
    opened.defer(close)
    if (openBeside !== undefined) beside = await openBeside({ ...tenants, ground, clock, log })
    opened.defer(beside.close)
    return { port, parts: tenants.parts, close: () => opened.disposeAsync() }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

function troublesOf(ground: Ground, tenants: Pick<Tenants<unknown>, 'opening'>, clock: Clock): () => readonly string[] {
  const startedAt = clock.now()
  return () => {
    const opening = clock.now() - startedAt < patienceMs ? tenants.opening() : 0
    return [...ground.troubles(), ...(opening === 0 ? [] : [`starting: ${opening} namespaces are not served yet`])]
  }
}

/** As if they were one. */
function together(tenants: Pick<Tenants<ServedTenant>, 'parts'>): Pick<MetricsParts, 'broker' | 'store' | 'dropped'> {
  const { parts } = tenants
  return {
    dropped: () => parts().reduce((sum, { dropped }) => sum + dropped(), 0),
    broker: {
      health: (): BrokerHealth => worst(parts().map(({ broker }) => broker.health())),
      depth: async (queue) => sumOf(await Promise.all(parts().map(({ broker }) => broker.depth(queue)))),
    },
    store: { health: (): StoreHealth => worst(parts().map(({ store }) => store.health())) },
  }
}

function worst<Health extends { readonly kind: string }>(all: readonly Health[]): Health | { readonly kind: 'ready' } {
  return all.find(({ kind }) => kind !== 'ready') ?? { kind: 'ready' }
}

function sumOf(depths: readonly (QueueDepth | undefined)[]): QueueDepth | undefined {
  const known = depths.filter((depth) => depth !== undefined)
  if (known.length === 0) return undefined
  const sum = (field: 'ready' | 'consumers'): number => known.reduce((total, depth) => total + depth[field], 0)
  return { ready: sum('ready'), consumers: sum('consumers') }
}
