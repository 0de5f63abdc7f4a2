import { MongoClient, type Db } from 'mongodb'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { pathOf, type KubeObject } from '../../../kube/kube-object.ts'
import { poolPlatform } from '../../../operator/pool-platform.ts'
import { poolResources } from '../../../operator/pools/pool-resources.ts'
import { openMongoStore } from '../../../runtime/store/mongo/open-mongo-store.ts'
import { mongoUrlLogin } from '../../../runtime/store/mongo/decide/mongo-url.ts'
import { openMongo, type MongoServer } from '../../env/mongo.ts'
import { describeOnAll } from '../../env/operator-tests.ts'
import { addressesOf } from '../../rig/operator/cluster-load.ts'
import { openOperatorRig, simpleFlow, stateOf, type OperatorRig } from '../../rig/operator/operator-rig.ts'

const waiting = { timeout: 200_000, interval: 200 }
const log = pino({ level: 'silent' })

/** On a machine that has other work, too. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 })

describeOnAll('An operator on a MongoDB with users', (places) => {
  let opened: AsyncDisposableStack
  let mongo: MongoServer
  let root: MongoClient
  let rig: OperatorRig
  beforeEach(async () => {
    opened = new AsyncDisposableStack()
    mongo = await openMongo({ hasUsers: true })
    opened.defer(mongo.close)
    root = new MongoClient(mongo.url)
    opened.defer(() => root.close())
    rig = await openOperatorRig({ ...places, mongo }, { patienceMs: 240_000 })
    opened.defer(rig.close)
  })
  afterEach(() => opened.disposeAsync())

  const serversWith = (storeUrl: string, key = 'the first key') => ({
    brokerUrl: new URL(places.rabbit.amqpUrl),
    managementUrl: places.rabbit.managementUrl,
    storeUrl,
    key,
  })
  const storeUrl = async (): Promise<string> => (await addressesOf(rig, 'runner'))['WEIR_STORE_URL'] ?? ''
  /** Which addresses the pods of the pool `core` have read. */
  const podsConnection = async (): Promise<string | undefined> => {
    const path = pathOf(poolResources.Deployment, { namespace: rig.namespace, name: 'weir-core' })
    const answer = await rig.client.request<KubeObject>({ method: 'GET', path })
    if (answer.kind === 'failed') return undefined
    const { template } = answer.value['spec'] as { readonly template: Pick<KubeObject, 'metadata'> }
    return template.metadata.annotations?.['weir.dev/connection']
  }
  const database = (): Db => root.db(rig.database)
  const users = async (): Promise<readonly string[]> =>
    ((await database().command({ usersInfo: 1 }))['users'] as { readonly user: string }[]).map(({ user }) => user)
  const canLogIn = async (url: string): Promise<boolean> => {
    const opening = openMongoStore({ url, log })
    return opening.then(
      async (store) => {
        await store.close()
        return true
      },
      () => false,
    )
  }

  it('gives each namespace and role a login, mends it, changes it with the key, and takes it back', async () => {
    const first = rig.start({ options: { servers: serversWith(mongo.url) } })
    await rig.applyFlow('orders', simpleFlow())
    await rig.ready('orders')
    const before = await storeUrl()
    expect(mongoUrlLogin(before)?.username).toBe(`${rig.vhost}.runner`)
    expect(await canLogIn(before)).toBe(true)
    expect(await users()).toHaveLength(4)
    // Somebody deletes one.
    await database().command({ dropUser: `${rig.vhost}.runner` })
    await vi.waitFor(async () => expect(await canLogIn(before)).toBe(true), waiting)
    await first.stop()

    const second = rig.start({ options: { servers: serversWith(mongo.url, 'another key') } })
    await rig.applyFlow('orders', simpleFlow('"two"'))
    await vi.waitFor(async () => expect(await storeUrl()).not.toBe(before), waiting)
    expect(await canLogIn(await storeUrl())).toBe(true)
    expect(await canLogIn(before)).toBe(false)
    expect(second.operator.troubles()).toEqual([])

    // The namespace is deleted; there is nobody here who takes it away.
    const path = `/api/v1/namespaces/${rig.namespace}`
    await rig.client.request({ method: 'DELETE', path })
    await rig.remove('orders')
    await rig.gone('orders')
    expect(await users()).toEqual([])
    expect((await database().listCollections().toArray()).length).toBeGreaterThan(0)
  })

  it('that lets it make none: says so, goes on with RabbitMQ and what pods have, and gives logins when it may', async () => {
    const roles = ['readWriteAnyDatabase']
    await root.db('admin').command({ createUser: 'limited', pwd: 's3cret', roles })
    const limited = `mongodb://limited:s3cret@127.0.0.1:${mongo.port}/?replicaSet=rs0`
    const { operator, stop } = rig.start({ options: { servers: { ...serversWith(limited), storeUsers: 'shared' } } })
    await rig.applyFlow('orders', simpleFlow())
    await rig.ready('orders')
    const shared = await storeUrl()
    expect(mongoUrlLogin(shared)).toEqual({ username: 'limited', password: 's3cret' })
    expect(await users()).toEqual([])
    expect(operator.troubles()).toEqual([])
    await stop()

    const settings = { brokerUrl: new URL(places.rabbit.amqpUrl), storeUrl: limited, logLevel: 'info' }
    const pools = { platform: poolPlatform('weir:test', settings), secretAccess: 'cluster' } as const
    const own = rig.start({ options: { servers: serversWith(limited), pools } })
    await rig.applyFlow('orders', simpleFlow('"two"'))
    const told = await rig.condition('orders', 'StoreAvailable', 'False', 'StoreUsersRefused')
    const message = told.status?.conditions?.find(({ type }) => type === 'StoreAvailable')?.message ?? ''
    expect(message).toContain(`MongoDB at 127.0.0.1:${mongo.port}`)
    expect(message).toMatch(/not authorized.*userAdminAnyDatabase.*WEIR_STORE_USERS=shared/)
    expect(message).not.toContain('s3cret')
    expect(own.operator.troubles()).toEqual([message])
    expect(stateOf(await rig.ready('orders'))?.active).toBe(2)
    expect(await storeUrl()).toBe(shared)
    const before = await vi.waitFor(async () => {
      const connection = await podsConnection()
      expect(connection).toBeDefined()
      return connection
    }, waiting)

    await root.db('admin').command({ grantRolesToUser: 'limited', roles: ['userAdminAnyDatabase'] })
    await vi.waitFor(async () => expect(await storeUrl()).not.toBe(shared), waiting)
    expect(await canLogIn(await storeUrl())).toBe(true)
    await vi.waitFor(async () => expect(await podsConnection()).not.toBe(before), waiting)
    await vi.waitFor(() => expect(own.operator.troubles()).toEqual([]), waiting)
    await vi.waitFor(async () => {
      const types = (await rig.flow('orders'))?.status?.conditions?.map(({ type }) => type)
      expect(types).not.toContain('StoreAvailable')
    }, waiting)
  })

  it('that lets it make users but nothing for them: flows say so, and no longer when it may', async () => {
    await root.db('admin').command({ createUser: 'clerk', pwd: 's3cret', roles: ['userAdminAnyDatabase'] })
    const clerk = `mongodb://clerk:s3cret@127.0.0.1:${mongo.port}/?replicaSet=rs0`
    rig.start({ options: { servers: serversWith(clerk) } })
    await rig.applyFlow('orders', simpleFlow())
    const told = await rig.condition('orders', 'StoreAvailable', 'False', 'StoreAccessRefused')
    const message = told.status?.conditions?.find(({ type }) => type === 'StoreAvailable')?.message ?? ''
    expect(message).toContain(`MongoDB at 127.0.0.1:${mongo.port}`)
    expect(message).not.toContain('s3cret')
    await root.db('admin').command({ grantRolesToUser: 'clerk', roles: ['readWriteAnyDatabase'] })
    await vi.waitFor(async () => {
      const types = (await rig.flow('orders'))?.status?.conditions?.map(({ type }) => type)
      expect(types).not.toContain('StoreAvailable')
    }, waiting)
    expect(await canLogIn(await storeUrl())).toBe(true)
  })
})
