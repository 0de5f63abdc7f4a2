import type { Logger } from 'pino'
import type { ObjectCache } from '../../kube/cache/object-cache.ts'
import type { Kept } from '../../kube/cache/projection.ts'
import type { Clock } from '../../kube/clock.ts'
import { shareMongo, type SharedMongo } from '../../runtime/store/mongo/connect-mongo.ts'
import type { Store } from '../../runtime/store/store.ts'
import { openFloodGate } from './flood-gate.ts'
import { probeBroker, probeStore } from './probe-servers.ts'
import {
  openTenant,
  type Tenant,
  type TenantGates,
  type TenantParts,
  type TenantServers,
  type TenantTiming,
} from './tenant.ts'
import type { TenantId } from './tenant-names.ts'
import type { TenantSecrets } from './tenant-secrets.ts'
import { openUsersGate } from './users-gate.ts'

/** The namespaces that have flows, and the servers that they share. */
export interface Tenants {
  readonly gates: TenantGates
  /** Undefined while the namespace is not known: the cache has not heard of it yet, or it is gone. */
  readonly of: (namespace: string) => Tenant | undefined
  /** One that was ever asked for. */
  readonly known: (namespace: string) => Tenant | undefined
  /** All of these. */
  readonly opened: () => readonly Tenant[]
  /** Nothing of it is needed any more: its connections are closed, and what it knew is forgotten. */
  readonly release: (namespace: string) => Promise<void>
  /** The namespace goes, or is gone, and has no flows: see `Tenant.remove`. Rejects with what keeps it from that. */
  readonly end: (id: TenantId) => Promise<void>
  /** Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface TenantsParts {
  readonly servers: TenantServers
  readonly namespaces: Pick<ObjectCache<Kept>, 'get'>
  readonly secrets: TenantSecrets
  readonly states: (namespace: string) => Pick<Store, 'flows' | 'plans'>
  readonly clock: Clock
  readonly log: Logger
  readonly timing?: Partial<TenantTiming>
  readonly changes?: Omit<TenantParts['changes'], 'onChange'>
  /** What the tenant's `connection` gives is another. Must not throw. */
  readonly onConnection: (namespace: string) => void
  /** The same for its `usersTrouble`, unless a gate tells of it. */
  readonly onUsersTrouble: (namespace: string) => void
  /** The flow's state was written, by its uid. Must not throw. */
  readonly onChange: (namespace: string, flow: string) => void
}

const usualTiming: TenantTiming = { idleMs: 90_000, lookMs: 300_000, connectMs: 10_000 }
/** Nobody but who leads writes states, and that hears of its own: for what only happens when two lead. */
const pollMs = 600_000

export function openTenants(parts: TenantsParts): Tenants {
  const { namespaces, clock, log } = parts
  const timing = { ...usualTiming, ...parts.timing }
  const mongo = shareMongo({ url: parts.servers.storeUrl, applicationName: 'weir-operator' })
  const gates = openGates(parts, mongo)
  const opened = new Map<string, Tenant>()
  const open = (namespace: string, uid: string): Tenant =>
    openTenant({ namespace, uid }, { ...parts, mongo, gates, timing, ...partsOf(parts, namespace) })
  const drop = async (namespace: string): Promise<void> => {
    const tenant = opened.get(namespace)
    opened.delete(namespace)
    await tenant?.close()
  }
  const stopLooking = lookNowAndThen({ clock, everyMs: timing.lookMs, opened, gates, log })
  return {
    gates,
    known: (namespace) => opened.get(namespace),
    opened: () => [...opened.values()],
    release: drop,
    end: async (id) => {
      const known = opened.get(id.namespace)
      if (known?.uid === id.uid) return known.remove()
      const passing = open(id.namespace, id.uid)
      try {
        await passing.remove()
      } finally {
        await passing.close()
      }
    },
    of: (namespace) => {
      const { uid } = namespaces.get(namespace)?.metadata ?? {}
      if (uid === undefined) return undefined
      const known = opened.get(namespace)
      if (known?.uid === uid) return known
      // One that was deleted and made again is another.
      if (known !== undefined) void drop(namespace)
      const tenant = open(namespace, uid)
      opened.set(namespace, tenant)
      return tenant
    },
    close: async () => {
      stopLooking()
      for (const gate of Object.values(gates)) gate.close()
      await Promise.all([...opened.keys()].map(drop))
      await mongo.close()
    },
  }
}

type PartsOfNamespace = Pick<TenantParts, 'states' | 'changes' | 'onConnection' | 'onUsersTrouble'>

function partsOf(parts: TenantsParts, namespace: string): PartsOfNamespace {
  return {
    states: parts.states(namespace),
    onConnection: () => parts.onConnection(namespace),
    onUsersTrouble: () => parts.onUsersTrouble(namespace),
    changes: { pollMs, ...parts.changes, onChange: (flow) => parts.onChange(namespace, flow) },
  }
}

function openGates(
  { servers: { brokerUrl, management, storeUrl }, clock, log }: TenantsParts,
  shared: SharedMongo,
): TenantGates {
  const broker = (signal: AbortSignal): Promise<void> => probeBroker(brokerUrl, management, signal)
  const store = (signal: AbortSignal): Promise<void> => probeStore({ url: storeUrl, shared, clock, log }, signal)
  return {
    broker: openFloodGate({ server: 'RabbitMQ', clock, log, probe: broker }),
    store: openFloodGate({ server: 'MongoDB', clock, log, probe: store }),
    users: openUsersGate({ server: 'users of MongoDB', clock, log }),
  }
}

interface Looking {
  readonly clock: Clock
  readonly everyMs: number
  readonly opened: ReadonlyMap<string, Tenant>
  readonly gates: TenantGates
  readonly log: Logger
}

/** RabbitMQ tells nobody that something was deleted. */
function lookNowAndThen({ clock, everyMs, opened, gates, log }: Looking): () => void {
  let cancel = (): void => {}
  let isEnded = false
  const lookAtAll = async (): Promise<void> => {
    // One by one: it is no matter of seconds, and the server has other work.
    for (const tenant of opened.values()) {
      if (isEnded || gates.broker.trouble() !== undefined) return
      await tenant.look().catch(async (err: unknown) => {
        if (await gates.broker.check()) log.warn({ namespace: tenant.namespace, err }, 'vhost not brought up to date')
      })
    }
  }
  const arm = (): void => {
    if (isEnded) return
    cancel = clock.setTimer(everyMs * (1 + Math.random() / 10), () => void lookAtAll().finally(arm))
  }
  arm()
  return () => {
    isEnded = true
    cancel()
  }
}
