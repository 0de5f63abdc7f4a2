import type { Logger } from 'pino'
import { leanLinks } from '../broker/amqp/lean/lean-links.ts'
import { openAmqpBroker } from '../broker/amqp/open-amqp-broker.ts'
import type { Broker } from '../broker/broker.ts'
import { withClaimCheck } from '../claim-check/claim-check.ts'
import type { Clock } from '../clock.ts'
import { openMongoStore } from '../store/mongo/open-mongo-store.ts'
import type { SharedMongo } from '../store/mongo/connect-mongo.ts'
import { lateStore } from '../store/late-store.ts'
import type { Store } from '../store/store.ts'
import type { Probes } from './open-probes.ts'
import type { ProcessSettings } from './settings.ts'

/** The servers that a process stands on. */
export interface Servers {
  readonly store: Store
  /** Large bodies go by the store. */
  readonly broker: Broker
}

export interface ServersParts {
  readonly settings: Pick<ProcessSettings, 'brokerUrl' | 'storeUrl'>
  /** A database of the store's, over a client that others have, too; without it the one that the URL names. */
  readonly database?: { readonly name: string; readonly mongo: SharedMongo } | undefined
  /** What the servers show of this process. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  /** Closed in reverse. */
  readonly opened: AsyncDisposableStack
  readonly signal: AbortSignal
  /** Told what keeps a server from being used, at each change until both can be. */
  readonly waiting: Probes['waiting']
  /** Connections to publish and to consume are opened at once, and not when they are first needed; true by default. */
  readonly isEager?: boolean
  /** The store is opened when it is needed, or a moment after the start; else at the start. */
  readonly isStoreLate?: boolean
  /** What cannot be helped by waiting, of a store that is opened late. */
  readonly onRefused?: (error: unknown) => void
}

/** Waits for them, however long that takes, and says in the log what is in the way. Rejects with the signal's reason. */
export async function openServers(parts: ServersParts): Promise<Servers> {
  const { clock, log, opened } = parts
  const [store, direct] = await Promise.all([openStore(parts), openBroker(parts)])
  opened.defer(store.close)
  opened.defer(direct.close)
  return { store, broker: withClaimCheck(direct, store, { clock, log }) }
}

async function openStore(parts: ServersParts): Promise<Store> {
  const { clock, isStoreLate, onRefused = () => {} } = parts
  return isStoreLate ? lateStore({ open: () => openNow(parts), clock, onRefused }) : openNow(parts)
}

async function openNow({ settings, database, name, clock, log, signal, waiting }: ServersParts): Promise<Store> {
  const store = await openMongoStore({
    url: settings.storeUrl,
    ...(database !== undefined && { database: database.name, shared: database.mongo }),
    applicationName: name,
    patience: 'wait',
    clock,
    log,
    signal,
    onWaiting: (trouble) => waiting('store', trouble),
  })
  waiting('store', undefined)
  return store
}

function openBroker({ settings, name, clock, log, signal, waiting, isEager = true }: ServersParts): Promise<Broker> {
  return openAmqpBroker({
    url: settings.brokerUrl.href,
    connectionName: name,
    patience: 'wait',
    links: leanLinks(clock),
    isEager,
    clock,
    log,
    signal,
    onHealth: (health) => waiting('broker', health.kind === 'ready' ? undefined : health),
  })
}
