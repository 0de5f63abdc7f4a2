import timers from 'node:timers'
import { pino } from 'pino'
import { afterEach, expect, it, vi } from 'vitest'
import { describeOnMongo, freshDatabase } from '../../../test/env/servers.ts'
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
})
