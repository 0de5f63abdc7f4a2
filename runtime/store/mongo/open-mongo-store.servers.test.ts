import { pino } from 'pino'
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
})
