import { openEventRecorder } from '../kube/events/event-recorder.ts'
import type { Kept } from '../kube/cache/projection.ts'
import { fencedClient } from '../kube/election/fenced-client.ts'
import type { Clock } from '../kube/clock.ts'
import { vhostName } from '../runtime/broker/management/decide/plan-vhost.ts'
import type { ManagementClient } from '../runtime/broker/management/management-client.ts'
import type { Store } from '../runtime/store/store.ts'
import { openCredentials } from './credentials/open-credentials.ts'
import { firstStatus } from './flows/decide/flow-status.ts'
import { farewell } from './flows/farewell.ts'
import { openFlows, type Flows } from './flows/open-flows.ts'
import { openGatewayAccess } from './gateway/open-gateway-access.ts'
import type { SharedCaches } from './open-caches.ts'
import type { OperatorOptions } from './open-operator.ts'
import type { OperatorPart, OperatorParts } from './operator-parts.ts'
import { openPools, type Pools } from './pools/open-pools.ts'
import { readQueueFigures } from './pools/queue-figures.ts'
import { openClusterStates, type ClusterStatesParts } from './state/cluster-states.ts'
import { openRevisionLabels } from './state/revision-labels.ts'
import { openEndedNamespaces } from './tenants/ended-namespaces.ts'
import { openTenantSecrets } from './tenants/tenant-secrets.ts'
import { openTenants, type Tenants } from './tenants/tenants.ts'

export interface ReignParts extends OperatorOptions {
  readonly management: ManagementClient
  readonly shared: SharedCaches
  readonly isLeader: () => boolean
}

/** What there is as long as this process leads. */
export interface Reign extends OperatorPart {
  /** What keeps it from its work, each in a sentence. */
  readonly troubles: () => readonly string[]
}

type States = (namespace: string) => Pick<Store, 'flows' | 'plans'>

export function openReign(options: ReignParts): Reign {
  const { clock, log, meters, lease, shared, timing = {} } = options
  const { namespaces, caches } = shared
  const client = fencedClient(options.client, options.isLeader)
  const events = openEventRecorder({ client, controller: 'weir.dev/operator', instance: lease.identity, clock })
  const parts: OperatorParts = { client, caches, events, clock, log, meters }
  const beside: ClusterStatesParts['beside'] = (flow, state) => ({
    ...(flow.status?.conditions === undefined ? beginStatus(clock, flow) : flows.besideState(flow, state)),
  })
  const ofCluster = openClusterStates({ client, caches, clock, log, beside })
  // These know each other: a state is written by a tenant's driver, and the last of a namespace takes its tenant along.
  const states = withFarewell(ofCluster, shared, (namespace) => tenants.of(namespace))
  const tenants: Tenants = openTenants({
    ...parts,
    servers: { ...options.servers, management: options.management },
    secrets: openTenantSecrets({ storeUsers: 'own', ...options.servers, client, log }),
    namespaces,
    states,
    timing: timing.tenants ?? {},
    changes: { arePoolsReady: async (state) => (await pools?.arePoolsReady(state)) ?? true, ...timing.changes },
    onConnection: (namespace) => pools?.noticeConnection(namespace),
    onUsersTrouble: (namespace) => flows.noticeAll(namespace),
    onChange: (_, flow) => flows.notice(flow),
  })
  const flows: Flows = openFlows({
    ...parts,
    namespaces,
    tenants,
    states,
    publicUrl: options.publicUrl,
    poolTroubleOf: (state) => pools?.troubleOf(state),
    timing: timing.flows ?? {},
  })
  const pools: Pools | undefined = poolsOf(options, { parts, states, tenants, onTrouble: flows.notice })
  const credentials = openCredentials(parts, { unfenced: options.client, instance: lease.identity })
  const access = openGatewayAccess(parts, { ...options, states })
  const others = [openEndedNamespaces({ ...parts, namespaces, tenants }), openRevisionLabels(parts), access]
  const all = [flows, credentials, ...others, ...(pools === undefined ? [] : [pools])]
  return {
    troubles: () => Object.values(tenants.gates).flatMap((gate) => gate.trouble()?.reason ?? []),
    run: async (signal) => {
      // What is under way is finished, and waits for no server that is down: the next leader does.
      const letGo = (): void => Object.values(tenants.gates).forEach((gate) => gate.close())
      signal.addEventListener('abort', letGo, { once: true })
      try {
        await Promise.all(all.map((part) => part.run(signal)))
      } finally {
        await tenants.close()
      }
    },
  }
}

/** Of a Flow that has none yet. */
function beginStatus(clock: Clock, { metadata }: Kept): ReturnType<typeof firstStatus> {
  const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  return firstStatus(metadata.generation ?? 0, now)
}

function withFarewell(ofCluster: States, shared: SharedCaches, tenantOf: Tenants['of']): States {
  return (namespace) => {
    const { flows, plans } = ofCluster(namespace)
    const remove: typeof flows.remove = async (uid, before) => {
      const tenant = tenantOf(namespace)
      if (tenant !== undefined) await farewell({ ...shared, tenant }, { metadata: { uid } })
      return flows.remove(uid, before)
    }
    return { flows: { ...flows, remove }, plans }
  }
}

interface PoolsParts {
  readonly parts: OperatorParts
  readonly states: States
  readonly tenants: Pick<Tenants, 'of' | 'gates'>
  readonly onTrouble: (flow: string) => void
}

function poolsOf(options: ReignParts, { parts, states, tenants, onTrouble }: PoolsParts): Pools | undefined {
  const { pools, namespace, management } = options
  if (pools === undefined) return undefined
  const reached = (name: string) => (tenants.gates.broker.trouble() === undefined ? tenants.of(name) : undefined)
  return openPools(parts, {
    ...pools,
    onTrouble,
    namespace,
    ownNamespace: options.ownNamespace,
    findPlan: ({ namespace: name, flow, revision }) => states(name).plans.get(flow, revision),
    brokerOf: (name) => reached(name)?.broker,
    connectionOf: (name) => tenants.of(name)?.connection(),
    figuresOf: async (name) => {
      const tenant = reached(name)
      return tenant && readQueueFigures(management, vhostName(tenant.namespace, tenant.uid))
    },
  })
}
