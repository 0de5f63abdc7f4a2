import { randomBytes } from 'node:crypto'
import timers from 'node:timers'
import { MongoClient } from 'mongodb'
import { pino } from 'pino'
import { afterEach, expect, it, vi } from 'vitest'
import { describeOnMongo, freshDatabase } from '../../../test/env/servers.ts'
import { plan } from '../conformance/store-promise.ts'
import { shareMongo } from './connect-mongo.ts'
import { openMongoStore } from './open-mongo-store.ts'
import { storeConformance } from '../store-conformance.ts'

const log = pino({ level: 'silent' })

describeOnMongo('the MongoDB store', (mongo) => {
  storeConformance('MongoDB', async () => {
    const database = freshDatabase(mongo)
    return {
      connect: () => openMongoStore({ url: database.url, database: database.name, log }),
      close: database.close,
    }
  })

  afterEach(() => vi.restoreAllMocks())

  it('does not look at its connections ten times a second, as the driver does by itself', async () => {
    const set = vi.spyOn(timers, 'setTimeout')
    const database = freshDatabase(mongo)
    const store = await openMongoStore({ url: database.url, database: database.name, log })
    const pauses = set.mock.calls.map(([, ms]) => ms)
    expect(pauses).not.toContain(100)
    await store.close()
    await database.close()
  })

  it('has one client for several databases where that is given, which outlives each of them', async () => {
    const databases = Array.from({ length: 12 }, () => freshDatabase(mongo))
    const warned: string[] = []
    const warn = (warning: Error): void => void warned.push(warning.message)
    process.on('warning', warn)
    const applicationName = `shared-${randomBytes(4).toString('hex')}`
    const shared = shareMongo({ url: mongo.url, applicationName })
    const open = ({ name }: { readonly name: string }) =>
      openMongoStore({ url: mongo.url, shared, database: name, log })
    const stores = await Promise.all(databases.map(open))
    const [first, second] = stores
    if (first === undefined || second === undefined) throw new Error('there are none')
    await first.plans.put(plan('f', 1))
    expect(await second.plans.get('f', 1)).toBeUndefined()
    await first.close()
    expect(first.health().kind).not.toBe('ready')
    await expect(first.plans.get('f', 1)).rejects.toMatchObject({ code: 'StoreClosed' })
    await second.plans.put(plan('f', 2))
    expect(second.health()).toEqual({ kind: 'ready' })
    const again = await open(databases[0] as { readonly name: string })
    expect(await again.plans.get('f', 1)).toMatchObject({ revision: 1 })
    // A pool, and two that watch the server: with a client for each there would be that for each.
    expect(await connectionsOf(mongo.url, applicationName)).toBeLessThanOrEqual(32)
    for (const store of [...stores, again]) await store.close()
    expect((await shared.client()).listenerCount('topologyDescriptionChanged')).toBe(0)
    await shared.close()
    await shared.close()
    await vi.waitFor(async () => expect(await connectionsOf(mongo.url, applicationName)).toBe(0), { timeout: 10_000 })
    process.off('warning', warn)
    expect(warned).toEqual([])
    for (const database of databases) await database.close()
  })

  it('tells by each of its own where the server of a shared client cannot be reached', async () => {
    const url = 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200'
    const shared = shareMongo({ url })
    for (const database of ['a', 'b'])
      await expect(openMongoStore({ url, shared, database, log })).rejects.toMatchObject({ code: 'StoreUnreachable' })
    await shared.close()
  })
})

async function connectionsOf(url: string, applicationName: string): Promise<number> {
  const client = new MongoClient(url)
  try {
    const found = client
      .db('admin')
      .aggregate([{ $currentOp: { allUsers: true, idleConnections: true } }, { $match: { appName: applicationName } }])
    return (await found.toArray()).length
  } finally {
    await client.close()
  }
}
