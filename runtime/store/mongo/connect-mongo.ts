import type { Db, MongoClient, MongoClientOptions } from 'mongodb'
import type { Logger } from 'pino'
import type { Clock } from '../../clock.ts'
import { sleep } from '../../clock.ts'
import { readMongoUrl } from './decide/mongo-url.ts'
import type { ServerGreeting } from './decide/server-fit.ts'
import { serverMisfit } from './decide/server-fit.ts'
import type { MongoPlace } from './mongo-error.ts'
import { failureOf, openingError } from './mongo-error.ts'

export interface MongoServerOptions {
  readonly url: string
  /** The client to work with, of the same server; without it one is made and closed. */
  readonly shared?: SharedMongo | undefined
  /** By default the one that the URL names, else `weir`. */
  readonly database?: string
  readonly clock: Clock
  readonly log: Logger
  /** Of what keeps it from being opened: fail at once, or try again until it can be. A URL that cannot be read fails always. */
  readonly patience: 'fail' | 'wait'
  /** Ends the waiting, by rejecting with its reason. */
  readonly signal?: AbortSignal
  /** Told after each attempt that failed, with patience. Must not throw. */
  readonly onWaiting?: (trouble: { readonly reason: string; readonly since: number }) => void
  /** What the server shows of the connections. */
  readonly applicationName?: string
}

export interface ConnectedMongo {
  readonly client: MongoClient
  readonly place: MongoPlace
  /** Closes the client, unless it is shared. */
  readonly release: () => Promise<void>
}

/**
 * A client for any number of databases of one server: there is one pool of connections, and the servers are watched once. It is made when it is first
 * needed. Who shares it may come and go, and fails alone.
 */
export interface SharedMongo {
  /** @throws {PermanentError} `StoreUrlInvalid` */
  readonly client: () => Promise<MongoClient>
  /** After all who share it. Safe to repeat. */
  readonly close: () => Promise<void>
}

export function shareMongo({ url, applicationName = 'weir', isOneOfMany }: SharedMongoOptions): SharedMongo {
  let making: Promise<MongoClient> | undefined
  const make = async (): Promise<MongoClient> => {
    const { client } = await newClient({ url, applicationName, ...(isOneOfMany && { isOneOfMany }) })
    // Each who shares it listens for the servers' state.
    return client.setMaxListeners(0)
  }
  return {
    client: () => (making ??= make()),
    close: async () => {
      const client = await making?.catch(() => undefined) // there is none to be closed
      await client?.close()
    },
  }
}

export interface SharedMongoOptions extends Pick<MongoServerOptions, 'url' | 'applicationName'> {
  /** There is a client for each of many logins: at rest each has one connection to each server, and under load fewer than usual. */
  readonly isOneOfMany?: boolean
}

const firstPauseMs = 500
const longestPauseMs = 15_000
const prepareMs = 60_000

/** At rest one connection and what watches the servers: a runner has its memory for messages. */
const options: MongoClientOptions = {
  // A write waits for the journals of a majority, and many of them can wait for the same: opened under load, closed a minute after.
  maxPoolSize: 30,
  minPoolSize: 0,
  maxConnecting: 2,
  maxIdleTimeMS: 60_000,
  serverSelectionTimeoutMS: 5000,
  connectTimeoutMS: 5000,
  // One that holds its connections and answers nothing must not hold us.
  socketTimeoutMS: 10_000,
  waitQueueTimeoutMS: 10_000,
  retryWrites: true,
  retryReads: true,
  promoteBuffers: true,
  readPreference: 'primary',
}

/** 300 KB of a process at rest, where the usual ones take 390 and a second connection, by which they learn of a new primary before they need it. */
const oneOfMany: MongoClientOptions = { maxPoolSize: 10, serverMonitoringMode: 'poll' }

/**
 * A client whose server can keep what a store promises, after `prepare` has worked on its database.
 *
 * @throws {PermanentError} `StoreUrlInvalid`, and without patience `StoreLoginRefused`, `StoreAccessRefused`, `StoreNotReplicaSet`, `StoreTooOld` or `StoreTlsError`
 * @throws {TransientError} without patience, `StoreUnreachable`, and what an administrator cannot help
 */
export async function connectMongo(
  server: MongoServerOptions,
  prepare: (database: Db) => Promise<void>,
): Promise<ConnectedMongo> {
  const { clock, log, patience, signal } = server
  const since = clock.now()
  let told = ''
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    signal?.throwIfAborted()
    try {
      return await tryConnect(server, prepare)
    } catch (error) {
      const { code, message } = error as { readonly code?: string; readonly message: string } // ours, by openingError
      if (patience === 'fail' || code === 'StoreUrlInvalid') throw error
      server.onWaiting?.({ reason: message, since })
      if (told !== code) log.warn({ code, reason: message, since, retryMs: pauseMs }, 'MongoDB cannot be used yet')
      told = code ?? ''
    }
    await sleep(clock, pauseMs, signal)
  }
}

async function tryConnect(
  server: MongoServerOptions,
  prepare: (database: Db) => Promise<void>,
): Promise<ConnectedMongo> {
  const { client, place, release } = await clientOf(server)
  const abandon = (): void => void release()
  server.signal?.addEventListener('abort', abandon, { once: true })
  try {
    await client.connect()
    const greeting = (await client.db('admin').command({ hello: 1 })) as unknown as ServerGreeting // MongoDB's answer
    const misfit = serverMisfit(greeting)
    if (misfit !== undefined) throw openingError(place, misfit)
    await prepared(server, () => prepare(client.db(place.database)))
    return { client, place, release }
  } catch (error) {
    await release()
    server.signal?.throwIfAborted()
    throw isOurs(error) ? error : openingError(place, failureOf(error), error)
  } finally {
    server.signal?.removeEventListener('abort', abandon)
  }
}

/** On a busy server a new index takes longer than any other call. It goes on there, so asking again is no more work. */
async function prepared({ clock, signal }: MongoServerOptions, prepare: () => Promise<void>): Promise<void> {
  const until = clock.now() + prepareMs
  for (;;) {
    try {
      return await prepare()
    } catch (error) {
      if (isOurs(error) || !failureOf(error).mayRepeat || clock.now() + firstPauseMs >= until) throw error
    }
    await sleep(clock, firstPauseMs, signal)
  }
}

async function clientOf(server: MongoServerOptions): Promise<ConnectedMongo> {
  if (server.shared === undefined) return newClient(server)
  return { client: await server.shared.client(), place: placeOf(server), release: async () => {} }
}

export function placeOf({ url, database }: Pick<MongoServerOptions, 'url' | 'database'>): MongoPlace {
  const read = readMongoUrl(url)
  return { ...read, database: database ?? read.database ?? 'weir' }
}

type ClientOptions = Pick<MongoServerOptions, 'url' | 'database' | 'applicationName'> &
  Pick<SharedMongoOptions, 'isOneOfMany'>

async function newClient({ applicationName: appName = 'weir', ...where }: ClientOptions): Promise<ConnectedMongo> {
  const place = placeOf(where)
  // Takes 125 ms: only who opens a store pays.
  const { mongoClient } = await import('./driver.ts')
  try {
    const client = mongoClient(where.url, { ...options, ...(where.isOneOfMany && oneOfMany), appName })
    return { client, place, release: () => client.close() }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw openingError(place, {
      code: 'StoreUrlInvalid',
      what: `cannot be spoken to: ${message}; correct the URL`,
      mayRepeat: false,
    })
  }
}

function isOurs(error: unknown): boolean {
  return error instanceof Error && ['PermanentError', 'TransientError'].includes(error.name)
}
