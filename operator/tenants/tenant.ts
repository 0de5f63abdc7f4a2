import type { Logger } from 'pino'
import type { Clock } from '../../kube/clock.ts'
import { openAmqpBroker } from '../../runtime/broker/amqp/open-amqp-broker.ts'
import type { Broker } from '../../runtime/broker/broker.ts'
import { planVhost, type VhostPlan } from '../../runtime/broker/management/decide/plan-vhost.ts'
import type { ManagementClient } from '../../runtime/broker/management/management-client.ts'
import { provisionVhost, removeVhost } from '../../runtime/broker/management/provision-vhost.ts'
import { openUnacknowledged } from '../../runtime/broker/management/unacknowledged.ts'
import { PermanentError, TransientError } from '../../runtime/error.ts'
import { openMongoStore } from '../../runtime/store/mongo/open-mongo-store.ts'
import type { SharedMongo } from '../../runtime/store/mongo/connect-mongo.ts'
import { planStoreUsers } from '../../runtime/store/mongo/users/decide/plan-store-users.ts'
import { provisionStoreUsers, removeStoreUsers } from '../../runtime/store/mongo/users/provision-store-users.ts'
import type { Store } from '../../runtime/store/store.ts'
import { openFlowChanges, type FlowChanges } from '../change/flow-changes.ts'
import type { ChangeParts } from '../change/change-parts.ts'
import { emptyVhost } from './empty-vhost.ts'
import type { FloodGate } from './flood-gate.ts'
import { openGivenAddresses } from './given-addresses.ts'
import { openTenantBroker, type TenantBroker } from './tenant-broker.ts'
import { brokerUrlOf, databaseName, rolePasswords, storeLogins, userPrefix, type TenantId } from './tenant-names.ts'
import type { TenantSecrets } from './tenant-secrets.ts'
import type { TenantConnection } from '../pools/decide/pool-wish.ts'
import { openTenantStore, type TenantStore } from './tenant-store.ts'
import { noUsers, openTenantUsers, type TenantUsers, type UsersTrouble } from './tenant-users.ts'
import type { UsersGate } from './users-gate.ts'

/** The servers that all namespaces share, as the operator administrates them. */
export interface TenantServers {
  /** Its user and vhost do not count. */
  readonly brokerUrl: URL
  readonly management: ManagementClient
  /** Its database does not count. */
  readonly storeUrl: string
  /** Passwords of the namespaces' users are made of it. */
  readonly key: string
  /** Whether the pods of a namespace have users of their own at the store, which is so without saying, or share the operator's. */
  readonly storeUsers?: 'own' | 'shared' | undefined
}

export interface TenantParts {
  readonly servers: TenantServers
  /** For the databases of all namespaces; whoever opened it closes it. */
  readonly mongo: SharedMongo
  readonly gates: TenantGates
  /** Where the states and plans of the namespace's flows are. */
  readonly states: Pick<Store, 'flows' | 'plans'>
  readonly secrets: TenantSecrets
  readonly clock: Clock
  readonly log: Logger
  readonly timing: TenantTiming
  /** What `connection` gives is another. Must not throw. */
  readonly onConnection: () => void
  /** What `usersTrouble` gives is another, and that is nothing that a gate tells. Must not throw. */
  readonly onUsersTrouble: () => void
  readonly changes: Pick<ChangeParts, 'waits' | 'arePoolsReady' | 'onChange' | 'pollMs'>
}

export interface TenantGates {
  readonly broker: FloodGate
  readonly store: FloodGate
  /** Of the store, too: whether users can be made there. */
  readonly users: UsersGate
}

export interface TenantTiming {
  /** A connection without work is closed after so long. */
  readonly idleMs: number
  /** The vhost is looked at that often, whether anything is known to be wrong or not. */
  readonly lookMs: number
  /** For a connection to be made. */
  readonly connectMs: number
}

/** What the operator has of one namespace: its vhost, its database, and the driver of its flows' changes. Nothing is opened before it is needed. */
export interface Tenant extends TenantId {
  readonly broker: TenantBroker
  readonly store: TenantStore
  /** Takes over what was left unfinished, the first time. */
  readonly changes: () => Promise<FlowChanges>
  /** Makes the vhost, its users and its policies be as they should, if they were ever needed. Rejects with what keeps it from that. */
  readonly look: () => Promise<void>
  /** Where pods of the namespace find its addresses; undefined while these are still being made. */
  readonly connection: () => TenantConnection | undefined
  /** Why its pods have no users at the store yet, with what to do where somebody's deed helps. */
  readonly usersTrouble: () => UsersTrouble | undefined
  /** The namespace goes: what is left in its vhost becomes dead letters, then the vhost and its users are deleted, and those of its database. Safe to repeat. */
  readonly remove: () => Promise<void>
  /** Safe to repeat. */
  readonly close: () => Promise<void>
}

export function openTenant(id: TenantId, parts: TenantParts): Tenant {
  const closing = new AbortController()
  const { gates, clock, timing } = parts
  const log = parts.log.child({ namespace: id.namespace })
  const own: Own = { ...parts, id, log, signal: closing.signal, plan: vhostPlanOf(id, parts.servers) }
  const vhost = openVhost(own)
  const shared = { clock, log, idleMs: timing.idleMs, signal: closing.signal }
  const broker = openTenantBroker({ ...shared, gate: gates.broker, repair: vhost.make, open: vhost.connect })
  const store = openTenantStore({ ...shared, gate: gates.store, open: () => openDatabase(own) })
  const changes = openedOnce(() => openChanges(own, broker, store))
  return {
    ...id,
    broker,
    store,
    changes: changes.get,
    look: vhost.look,
    connection: vhost.connection,
    usersTrouble: vhost.usersTrouble,
    remove: () => vhost.remove(broker, store),
    close: async () => {
      closing.abort(new TransientError('TenantClosed', `the namespace ${id.namespace} is no longer looked after here`))
      await changes.close()
      await broker.close()
      await store.close()
    },
  }
}

/** What there is of a namespace at the broker. */
interface Vhost {
  readonly make: () => Promise<void>
  readonly connect: () => Promise<Broker>
  /** Makes it be as it should, if it was ever needed. */
  readonly look: () => Promise<void>
  readonly connection: () => TenantConnection | undefined
  readonly usersTrouble: TenantUsers['trouble']
  readonly remove: (broker: TenantBroker, store: TenantStore) => Promise<void>
}

function openVhost(own: Own): Vhost {
  let state: 'unknown' | 'needed' | 'removed' = 'unknown'
  const { give, connection } = openGivenAddresses({
    apply: async () => (state === 'removed' ? undefined : own.secrets.apply(own.id, { storeUsers: users.areThere() })),
    onChange: own.onConnection,
  })
  const users = usersOf(own, give)
  const make = once(async () => {
    // Whoever has not heard of it must not make it anew.
    if (state === 'removed') throw new PermanentError('NamespaceGone', `${own.id.namespace} is being deleted`)
    const made = users.make()
    await makeVhost(own)
    await made
    await give()
  })
  const look = async (): Promise<void> => {
    if (state === 'needed') await make()
  }
  return {
    make,
    look,
    connection,
    usersTrouble: users.trouble,
    connect: async () => {
      if (state === 'unknown') state = 'needed'
      await make()
      return connectTo(own, () => void lookAfterLoss(own, look))
    },
    remove: async (broker, store) => {
      const { management } = own.servers
      const isThere = (await management.get(['vhosts', own.plan.vhost])) !== undefined
      if (isThere && state !== 'removed') await keepRest(own, broker, store)
      state = 'removed'
      await broker.close()
      // They may be there without it: somebody has deleted it, or it was never made.
      await users.remove()
      // Its users have gone before it.
      if (!isThere) return
      await removeVhost(management, own.plan)
      own.log.info('vhost removed')
    },
  }
}

interface Own extends TenantParts {
  readonly id: TenantId
  readonly signal: AbortSignal
  readonly plan: VhostPlan
}

function vhostPlanOf(id: TenantId, { key }: TenantServers): VhostPlan {
  return planVhost({ ...id, passwords: rolePasswords(id, key) })
}

async function makeVhost({ servers, plan, log }: Own): Promise<void> {
  const changes = await provisionVhost(servers.management, plan)
  if (changes.length > 0) log.info({ changes: changes.map(({ kind }) => kind) }, 'vhost brought up to date')
}

async function connectTo(own: Own, onLost: () => void): Promise<Broker> {
  const { id, servers, log, clock, timing, signal } = own
  const password = rolePasswords(id, servers.key).operator
  const late = AbortSignal.timeout(timing.connectMs)
  try {
    return await openAmqpBroker({
      url: brokerUrlOf(servers.brokerUrl, id, { role: 'operator', password }),
      connectionName: 'weir-operator',
      // What the gates tell is told once, for all namespaces.
      log: log.child({}, { level: 'error' }),
      clock,
      patience: 'fail',
      signal: AbortSignal.any([signal, late]),
      onHealth: (health) => {
        if (health.kind === 'connecting') onLost()
      },
    })
  } catch (cause) {
    if (!late.aborted || signal.aborted) throw cause
    throw new TransientError('BrokerTimeout', `RabbitMQ could not be connected to within ${timing.connectMs} ms`, {
      cause,
    })
  }
}

/** The server is down, or somebody has deleted the vhost or the user: in that case nobody else would notice. */
async function lookAfterLoss({ gates, signal, log }: Own, look: () => Promise<void>): Promise<void> {
  if (signal.aborted || !(await gates.broker.check()) || signal.aborted) return
  await look().catch((err: unknown) => log.warn({ err }, 'vhost not brought up to date, it will be tried again'))
}

function openDatabase({ id, servers, mongo, clock, log }: Own): Promise<Store> {
  return openMongoStore({
    url: servers.storeUrl,
    shared: mongo,
    database: databaseName(id),
    patience: 'fail',
    clock,
    log: log.child({}, { level: 'error' }),
  })
}

/** @param onLate must not reject */
function usersOf(own: Own, onLate: () => Promise<void>): TenantUsers {
  const { id, servers, mongo: shared, clock, log, signal, gates } = own
  const { key, storeUrl: url, storeUsers } = servers
  const plan = planStoreUsers({ database: databaseName(id), logins: storeLogins(id, key) })
  const quiet = log.child({}, { level: 'error' })
  const parts = { url, shared, clock, log: quiet, signal, prefix: userPrefix(id), known: new Map<string, string>() }
  const drop = (): Promise<void> => removeStoreUsers(parts, plan)
  if (storeUsers === 'shared') return noUsers({ drop, gates, log })
  return openTenantUsers({
    provision: async () => {
      const changes = await provisionStoreUsers(parts, plan)
      if (changes.length > 0)
        log.info({ changes: changes.map(({ kind }) => kind) }, 'users of the database brought up to date')
    },
    drop,
    gates,
    onLate,
    onTrouble: own.onUsersTrouble,
    clock,
    log,
    signal,
  })
}

function openChanges(own: Own, broker: Broker, store: TenantStore): Promise<FlowChanges> {
  const { states, clock, log, changes } = own
  const unacknowledged = openUnacknowledged(own.servers.management, own.plan.vhost, log)
  const { snapshots, fires, trackedRuns } = store
  return openFlowChanges({
    ...changes,
    unacknowledged,
    // Who leads, and its client is fenced.
    isAlone: true,
    broker,
    store: { ...states, snapshots, fires, trackedRuns },
    clock,
    log,
  })
}

async function keepRest({ id, log, clock }: Own, broker: TenantBroker, store: TenantStore): Promise<void> {
  const kept = await emptyVhost({ broker, deadLetters: store.deadLetters, namespace: id.namespace, clock })
  if (kept > 0) log.info({ messages: kept }, 'messages of a namespace that goes are dead letters')
}

/** Those who ask while it is being done share it. */
function once(work: () => Promise<void>): () => Promise<void> {
  let doing: Promise<void> | undefined
  return () => (doing ??= work().finally(() => (doing = undefined)))
}

/** Opened at the first call; after a failure at the next. */
function openedOnce<T extends { readonly close: () => Promise<void> }>(open: () => Promise<T>) {
  let opening: Promise<T> | undefined
  return {
    get: (): Promise<T> =>
      (opening ??= open().catch((error: unknown) => {
        opening = undefined
        throw error
      })),
    close: async (): Promise<void> => {
      await opening?.then((opened) => opened.close()).catch(() => {}) // one that never opened is closed
    },
  }
}
