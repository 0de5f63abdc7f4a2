import type { Logger } from 'pino'
import { openElection, type ElectionTiming } from '../kube/election/election.ts'
import { fencedClient } from '../kube/election/fenced-client.ts'
import { openEventRecorder } from '../kube/events/event-recorder.ts'
import type { Clock } from '../kube/clock.ts'
import type { Meters } from '../kube/metrics/meters.ts'
import type { KubeClient } from '../kube/transport/kube-client.ts'
import { openManagementClient } from '../runtime/broker/management/management-client.ts'
import type { Store } from '../runtime/store/store.ts'
import { openCredentials } from './credentials/open-credentials.ts'
import { openFlows, type Flows } from './flows/open-flows.ts'
import { farewell } from './flows/farewell.ts'
import type { FlowsTiming } from './flows/flow-parts.ts'
import type { OperatorPart, OperatorParts } from './operator-parts.ts'
import { openSharedCaches, type SharedCaches } from './open-caches.ts'
import { openClusterStates } from './state/cluster-states.ts'
import { openTenantSecrets } from './tenants/tenant-secrets.ts'
import type { TenantTiming } from './tenants/tenant.ts'
import { openTenants, type Tenants, type TenantsParts } from './tenants/tenants.ts'

/** The operator, as one of several of which one leads. */
export interface Operator {
  /** Until the signal is aborted and the lease, if it was held, is given up. Once. */
  readonly run: (signal: AbortSignal) => Promise<void>
  /** What keeps it from its work, each in a sentence; none means ready, whether it leads or not. */
  readonly troubles: () => readonly string[]
  readonly isLeader: () => boolean
}

export interface OperatorOptions {
  readonly client: KubeClient
  readonly servers: OperatorServers
  readonly lease: OperatorLease
  readonly publicUrl?: string | undefined
  /** The only one that is looked after; all of them without it. */
  readonly namespace?: string | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly meters: Meters
  readonly timing?: {
    readonly tenants?: Partial<TenantTiming>
    readonly flows?: Partial<FlowsTiming>
    readonly changes?: TenantsParts['changes']
  }
}

export interface OperatorServers {
  readonly brokerUrl: URL
  /** `http://USER:PASSWORD@HOST:PORT`, of a user with the tag `administrator`. */
  readonly managementUrl: string
  readonly storeUrl: string
  readonly key: string
}

export interface OperatorLease {
  readonly namespace: string
  readonly name: string
  /** Of this process; no other may have it. */
  readonly identity: string
  readonly timing?: Partial<ElectionTiming>
}

/**
 * Makes what flows, components and credentials ask for. Any number of these may run: their caches are warm, and one leads, by a Lease.
 *
 * @throws {PermanentError} `ManagementUrlInvalid`
 */
export function openOperator(options: OperatorOptions): Operator {
  const { client, clock, log, meters, lease } = options
  const shared = openSharedCaches({
    client,
    namespace: options.namespace,
    onListenerError: (err) => log.error({ err }, 'a change of an object was not taken notice of'),
  })
  const election = openElection({ ...lease, client, clock, meters })
  const management = openManagementClient(options.servers.managementUrl)
  let troubles: () => readonly string[] = () => []
  return {
    isLeader: election.isLeader,
    troubles: () => [...shared.problems(), ...troubles()],
    run: async (signal) => {
      const following = shared.run(signal)
      await Promise.race([shared.synced, aborted(signal)])
      await election.run(signal, async (leading) => {
        log.info({ lease: `${lease.namespace}/${lease.name}` }, 'leading')
        const reign = openReign({ ...options, management, shared, isLeader: election.isLeader })
        troubles = reign.troubles
        await reign.run(leading).finally(() => (troubles = () => []))
        log.info('leading no more')
      })
      await following
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

interface ReignParts extends OperatorOptions {
  readonly management: ReturnType<typeof openManagementClient>
  readonly shared: SharedCaches
  readonly isLeader: () => boolean
}

/** What there is as long as this process leads. */
interface Reign extends OperatorPart {
  readonly troubles: () => readonly string[]
}

function openReign(options: ReignParts): Reign {
  const { clock, log, meters, lease, shared, servers, timing = {} } = options
  const client = fencedClient(options.client, options.isLeader)
  const events = openEventRecorder({ client, controller: 'weir.dev/operator', instance: lease.identity, clock })
  const parts: OperatorParts = { client, caches: shared.caches, events, clock, log, meters }
  const ofCluster = openClusterStates({ client, caches: shared.caches, clock, log })
  const { namespaces } = shared
  // Each knows the other: a state is written by a tenant's driver, and the last of a namespace takes its tenant along.
  const states = (namespace: string): Pick<Store, 'flows' | 'plans'> => {
    const { flows, plans } = ofCluster(namespace)
    const remove: typeof flows.remove = async (uid, before) => {
      const tenant = tenants.of(namespace)
      if (tenant !== undefined) await farewell({ namespaces, caches: shared.caches, tenant }, { metadata: { uid } })
      return flows.remove(uid, before)
    }
    return { flows: { ...flows, remove }, plans }
  }
  const tenants: Tenants = openTenants({
    servers: { ...servers, management: options.management },
    secrets: openTenantSecrets({ ...servers, client, log }),
    namespaces,
    states,
    clock,
    log,
    timing: timing.tenants ?? {},
    changes: timing.changes ?? {},
    onChange: (_, flow) => flows.notice(flow),
  })
  const flows: Flows = openFlows({
    ...parts,
    namespaces,
    tenants,
    states,
    publicUrl: options.publicUrl,
    timing: timing.flows ?? {},
  })
  const credentials = openCredentials(parts, { unfenced: options.client, instance: lease.identity })
  const all: readonly OperatorPart[] = [flows, credentials]
  return {
    troubles: () => Object.values(tenants.gates).flatMap((gate) => gate.trouble()?.reason ?? []),
    run: async (signal) => {
      try {
        await Promise.all(all.map((part) => part.run(signal)))
      } finally {
        await tenants.close()
      }
    },
  }
}
