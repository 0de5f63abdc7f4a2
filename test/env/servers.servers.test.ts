import { MongoClient } from 'mongodb'
import { expect, it } from 'vitest'
import { callManagement, describeOnMongo, describeOnRabbit, freshDatabase, freshVhost } from './servers.ts'

describeOnRabbit('a RabbitMQ for tests', (rabbit) => {
  it('gives a vhost of its own to each test, and takes it back', async () => {
    const [one, other] = await Promise.all([freshVhost(rabbit), freshVhost(rabbit)])
    const path = (vhost: string): string => `/api/vhosts/${encodeURIComponent(vhost)}`
    expect(one.vhost).not.toBe(other.vhost)
    expect(await callManagement(rabbit.managementUrl, 'GET', path(one.vhost))).toMatchObject({ name: one.vhost })
    await Promise.all([one.close(), other.close()])
    await one.close()
    expect(await callManagement(rabbit.managementUrl, 'GET', path(one.vhost))).toBeUndefined()
  })
})

describeOnMongo('a MongoDB for tests', (mongo) => {
  it('is a replica set, and gives a database of its own to each test', async () => {
    const database = freshDatabase(mongo)
    const client = new MongoClient(database.url)
    const session = client.startSession()
    try {
      // Only a replica set knows transactions.
      await session.withTransaction(() => client.db().collection('things').insertOne({ a: 1 }, { session }))
      expect(await client.db(database.name).collection('things').countDocuments()).toBe(1)
      await database.close()
      expect(await client.db(database.name).listCollections().toArray()).toEqual([])
    } finally {
      await session.endSession()
      await client.close()
    }
  })
})
