import type { Logger } from 'pino'
import type { Credential } from '../crds/v1alpha1/credential.ts'
import type { Clock } from '../kube/clock.ts'
import { openElection, type ElectionTiming } from '../kube/election/election.ts'
import type { Meters } from '../kube/metrics/meters.ts'
import type { KubeClient } from '../kube/transport/kube-client.ts'
import { openManagementClient } from '../runtime/broker/management/management-client.ts'
import type { FlowsTiming } from './flows/flow-parts.ts'
import { openSharedCaches } from './open-caches.ts'
import { openReign } from './open-reign.ts'
import type { InCluster } from './operator-parts.ts'
import type { PoolsOptions } from './pools/open-pools.ts'
import type { TenantTiming } from './tenants/tenant.ts'
import type { TenantsParts } from './tenants/tenants.ts'

/** The operator, as one of several of which one leads. */
export interface Operator {
  /** Until the signal is aborted and the lease, if it was held, is given up. Once. */
  readonly run: (signal: AbortSignal) => Promise<void>
  /** What keeps it from its work, each in a sentence; none means ready, whether it leads or not. */
  readonly troubles: () => readonly string[]
  readonly isLeader: () => boolean
  /** As they are known, whether it leads or not. */
  readonly credentials: () => Iterable<InCluster<Credential>>
}

export interface OperatorOptions {
  readonly client: KubeClient
  readonly servers: OperatorServers
  readonly lease: OperatorLease
  /** Of the installation: the other programs run there. The Lease may be elsewhere. */
  readonly ownNamespace: string
  readonly publicUrl?: string | undefined
  /** The only one that is looked after; all of them without it. */
  readonly namespace?: string | undefined
  /** What the pods of pools are made of; without it there are none, and whoever wants runners starts them. */
  readonly pools?: Pick<PoolsOptions, 'platform' | 'secretAccess'> | undefined
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
  /** Whom pods of a namespace are to the store; users of its own by default. */
  readonly storeUsers?: 'own' | 'shared'
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
    credentials: () => shared.caches.credentials.values(),
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
