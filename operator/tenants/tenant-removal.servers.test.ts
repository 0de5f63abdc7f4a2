import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../../kube/clock.ts'
import { openManagementClient } from '../../runtime/broker/management/management-client.ts'
import { planStoreUsers } from '../../runtime/store/mongo/users/decide/plan-store-users.ts'
import { provisionStoreUsers } from '../../runtime/store/mongo/users/provision-store-users.ts'
import type { Store } from '../../runtime/store/store.ts'
import { describeOnServers } from '../../test/env/servers.ts'
import { databaseName, storeLogins, userPrefix } from './tenant-names.ts'
import { openTenants } from './tenants.ts'

const log = pino({ level: 'silent' })
const key = 'the key of these tests'

describeOnServers('the end of a namespace without a vhost', ({ rabbit, mongo }) => {
  const id = { namespace: 'ended', uid: randomUUID() }
  let opened: AsyncDisposableStack
  let client: MongoClient
  beforeEach(() => {
    opened = new AsyncDisposableStack()
    client = new MongoClient(mongo.url)
    opened.defer(() => client.close())
  })
  afterEach(() => opened.disposeAsync())

  const users = async (): Promise<unknown> => (await client.db(databaseName(id)).command({ usersInfo: 1 }))['users']

  it.each(['own', 'shared'] as const)('takes its users of MongoDB along, where they are %s', async (storeUsers) => {
    const parts = { url: mongo.url, prefix: userPrefix(id), clock: systemClock, log, known: new Map<string, string>() }
    await provisionStoreUsers(parts, planStoreUsers({ database: databaseName(id), logins: storeLogins(id, key) }))
    opened.defer(async () => void (await client.db(databaseName(id)).dropDatabase()))
    expect(await users()).toHaveLength(4)
    const tenants = openTenants({
      servers: {
        brokerUrl: new URL(rabbit.amqpUrl),
        management: openManagementClient(rabbit.managementUrl),
        storeUrl: mongo.url,
        key,
        storeUsers,
      },
      namespaces: { get: () => undefined },
      secrets: { apply: async () => undefined },
      states: () => ({}) as Pick<Store, 'flows' | 'plans'>, // of which nothing is asked
      clock: systemClock,
      log,
      onConnection: () => {},
      onUsersTrouble: () => {},
      onChange: () => {},
    })
    opened.defer(tenants.close)
    await tenants.end(id)
    expect(await users()).toEqual([])
    await tenants.end(id)
  })
})
