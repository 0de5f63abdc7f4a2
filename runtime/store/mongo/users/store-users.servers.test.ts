import { randomBytes } from 'node:crypto'
import { MongoClient, type Db } from 'mongodb'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMongo, type MongoServer } from '../../../../test/env/mongo.ts'
import { describeOnMongo } from '../../../../test/env/servers.ts'
import { systemClock } from '../../../clock.ts'
import { deadLetter, run } from '../../conformance/store-promise.ts'
import { storeConformance } from '../../store-conformance.ts'
import type { Store } from '../../store.ts'
import { mongoUrlWith } from '../decide/mongo-url.ts'
import { openMongoStore } from '../open-mongo-store.ts'
import { planStoreUsers, storeRoles, type StoreRole, type StoreUsersPlan } from './decide/plan-store-users.ts'
import { provisionStoreUsers, removeStoreUsers, type StoreUsersParts } from './provision-store-users.ts'

const log = pino({ level: 'silent' })

interface Place {
  readonly plan: StoreUsersPlan
  readonly parts: StoreUsersParts
}

const passwordOf = (role: StoreRole, key: string): string => `${key}/of ${role}@?`

describeOnMongo('users of a namespace’s database', (shared) => {
  let server: MongoServer
  beforeAll(async () => {
    server = await openMongo({ hasUsers: true })
  })
  afterAll(() => server.close())

  function planned(name: string, key = 'first', url = server.url): Place {
    const prefix = `weir.${name}.u1.`
    const login = (role: StoreRole) => ({ name: `${prefix}${role}`, password: passwordOf(role, key) })
    const logins = Object.fromEntries(storeRoles.map((role) => [role, login(role)])) as Record<
      StoreRole,
      ReturnType<typeof login>
    >
    const parts = { url, prefix, clock: systemClock, log, known: new Map<string, string>() }
    return { plan: planStoreUsers({ database: `weir-${name}`, logins }), parts }
  }
  async function provisioned(name: string): Promise<Place> {
    const place = planned(name)
    await provisionStoreUsers(place.parts, place.plan)
    return place
  }
  function urlAs({ plan, parts }: Place, role: StoreRole, database = plan.database): string {
    const { name, password } = plan.users[storeRoles.indexOf(role)] ?? { name: '', password: '' }
    return mongoUrlWith(parts.url, { database, login: { username: name, password, authSource: plan.database } })
  }
  const openAs = (place: Place, role: StoreRole): Promise<Store> => openMongoStore({ url: urlAs(place, role), log })

  async function withDatabase<Result>(url: string, work: (database: Db) => Promise<Result>): Promise<Result> {
    const client = new MongoClient(url)
    try {
      return await work(client.db())
    } finally {
      await client.close()
    }
  }

  describe('each role does its part of', () => {
    storeConformance('MongoDB, with a login for each role', async () => {
      const place = await provisioned('conformance')
      const url = mongoUrlWith(server.url, { database: place.plan.database })
      const connect = async (): Promise<Store> => {
        const operator = await openMongoStore({ url, log })
        const runner = await openAs(place, 'runner')
        const scheduler = await openAs(place, 'scheduler')
        const recorder = await openAs(place, 'recorder')
        const all = [operator, runner, scheduler, recorder]
        const { claims, trackedRuns, blobs, trials, rateBudgets, members } = runner
        return {
          claims,
          trackedRuns,
          blobs,
          trials,
          rateBudgets,
          members,
          // With a flow that is deleted, by who deletes it.
          snapshots: { ...runner.snapshots, remove: operator.snapshots.remove },
          fires: { ...scheduler.fires, remove: operator.fires.remove },
          deadLetters: recorder.deadLetters,
          runs: recorder.runs,
          flows: operator.flows,
          plans: operator.plans,
          health: () => all.map((store) => store.health()).find(({ kind }) => kind !== 'ready') ?? { kind: 'ready' },
          close: async () => {
            for (const store of all) await store.close()
          },
        }
      }
      return { connect, close: async () => {} }
    })
  })

  it.each(storeRoles)('a %s has no other database, and administrates nothing', async (role) => {
    const [own, other] = [await provisioned(`own-${role}`), await provisioned(`other-${role}`)]
    const { database } = other.plan
    await expect(openMongoStore({ url: urlAs(own, role, database), log })).rejects.toMatchObject({
      code: 'StoreAccessRefused',
    })
    await withDatabase(urlAs(own, role), async (db) => {
      const client = db.client
      const theirs = client.db(database)
      const refused: readonly (() => Promise<unknown>)[] = [
        () => theirs.collection('snapshots').findOne(),
        () => theirs.collection('deadLetters').insertOne({}),
        () => theirs.dropDatabase(),
        () => db.dropDatabase(),
        () => db.collection('snapshots').drop(),
        () => db.collection('snapshots').dropIndexes(),
        () => db.collection('more').createIndex({ a: 1 }),
        () => db.collection('more').insertOne({}),
        () => db.command({ collMod: 'runs', index: { keyPattern: { at: 1 }, expireAfterSeconds: 1 } }),
        () => db.command({ usersInfo: 1 }),
        () => db.command({ createUser: 'more', pwd: 'x', roles: [{ role: 'readWrite', db: db.databaseName }] }),
        () => db.command({ updateUser: own.plan.users[0]?.name, pwd: 'x' }),
        () =>
          db.command({
            grantRolesToUser: own.plan.users[0]?.name,
            roles: [{ role: 'dbOwner', db: db.databaseName }],
          }),
        () =>
          client
            .db('admin')
            .command({ listDatabases: 1, nameOnly: true, filter: { name: database } })
            .then(noneOf),
        () => client.db('admin').command({ replSetGetStatus: 1 }),
        () => client.db('admin').command({ shutdown: 1 }),
        () => client.db('admin').collection('system.users').findOne(),
        () => client.db('config').collection('system.sessions').findOne(),
      ]
      for (const one of refused) await expect(one(), String(one)).rejects.toMatchObject({ code: 13 })
    })
  })

  /** It lists those that one may look into, and those are none of the others'. */
  function noneOf(found: { readonly [field: string]: unknown }): never {
    expect(found['databases']).toEqual([])
    throw Object.assign(new Error('none'), { code: 13 })
  }

  it('what is one role’s is not the other’s', async () => {
    const place = await provisioned('roles')
    const stores = Object.fromEntries(
      await Promise.all(storeRoles.map(async (role) => [role, await openAs(place, role)] as const)),
    ) as Record<StoreRole, Store>
    const { runner, gateway, scheduler, recorder } = stores
    await recorder.runs.addRuns([run('f', 1, 'r1')])
    await recorder.deadLetters.put(deadLetter('f', { body: randomBytes(2_000_000) }))
    expect(await gateway.runs.get('r1')).toMatchObject({ id: 'r1' })
    expect(await scheduler.runs.events('r1')).toEqual([])
    // What a person does with what is kept goes by the recorder's.
    const fence = await recorder.snapshots.open('q')
    expect(await recorder.snapshots.write('q', fence, { value: 'v', settled: [] })).toBe('written')
    expect(await recorder.plans.get('f', 1)).toBeUndefined()
    // Bodies that are too large for a queue, and ends of runs that others wait for, are everybody's.
    for (const [role, store] of Object.entries(stores)) {
      await store.blobs.put(role, Buffer.from(role), Date.now() + 60_000)
      await store.trackedRuns.add('f', role, ['m'])
      expect(await store.trackedRuns.active('f')).toContain(role)
      await store.trackedRuns.remove('f', role, 'm')
      expect((await stores.runner.blobs.get(role))?.toString()).toBe(role)
    }
    const owner = { replay: 0, attempt: 1, copy: 'a' }
    const refused: readonly Promise<unknown>[] = [
      runner.deadLetters.list({}),
      runner.runs.list({}),
      runner.fires.due(1),
      runner.plans.get('f', 1),
      runner.snapshots.remove('f'),
      gateway.runs.addRuns([run('f', 1, 'r2')]),
      gateway.snapshots.read('q'),
      gateway.claims.take('k', owner, { nowMs: 1, windowMs: 1 }),
      scheduler.deadLetters.list({}),
      scheduler.snapshots.open('q'),
      recorder.claims.take('k', owner, { nowMs: 1, windowMs: 1 }),
      recorder.fires.due(1),
    ]
    for (const one of await Promise.allSettled(refused))
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'StoreAccessRefused' } })
    for (const store of Object.values(stores)) await store.close()
  })

  it('changes what differs, and nothing else: a password, a right, a user, a role', async () => {
    const { plan, parts } = planned('repaired')
    const again = async (): Promise<string[]> => (await provisionStoreUsers(parts, plan)).map(({ kind }) => kind)
    expect(await again()).toHaveLength(8)
    expect(await again()).toEqual([])
    // Who has not seen them before finds the same.
    expect(await provisionStoreUsers({ ...parts, known: new Map() }, plan)).toEqual([])
    const runner = plan.users[0]?.name
    await withDatabase(mongoUrlWith(server.url, { database: plan.database }), async (db) => {
      const does = async (command: Readonly<Record<string, unknown>>, ...want: string[]): Promise<void> => {
        await db.command(command)
        expect(await again()).toEqual(want)
      }
      await does({ updateUser: runner, pwd: 'another' }, 'updateUser')
      await does({ grantRolesToUser: runner, roles: ['readWrite'] }, 'updateUser')
      await does({ dropUser: runner }, 'createUser')
      await does(
        {
          grantPrivilegesToRole: 'weir-runner',
          privileges: [{ resource: { db: plan.database, collection: 'runs' }, actions: ['find'] }],
        },
        'updateRole',
      )
      // A user whose role was dropped has none.
      await does({ dropRole: 'weir-runner' }, 'createRole', 'updateUser')
      await does({ createUser: 'backup', pwd: 'x', roles: ['read'] })
    })
    await (await openAs({ plan, parts }, 'runner')).close()
    await removeStoreUsers(parts, plan)
    await removeStoreUsers(parts, plan)
    await expect(openAs({ plan, parts }, 'runner')).rejects.toMatchObject({ code: 'StoreLoginRefused' })
    await withDatabase(mongoUrlWith(server.url, { database: plan.database }), async (db) => {
      expect((await db.command({ usersInfo: 1 }))['users']).toMatchObject([{ user: 'backup' }])
      expect((await db.command({ rolesInfo: 1 }))['roles']).toEqual([])
      // What was kept is still there.
      expect((await db.listCollections().toArray()).length).toBeGreaterThan(10)
    })
  })

  it('has the passwords of a new key, and no longer those of the old', async () => {
    const before = await provisioned('rotated')
    const after = planned('rotated', 'second')
    expect((await provisionStoreUsers(after.parts, after.plan)).map(({ kind }) => kind)).toEqual(
      Array.from({ length: 4 }, () => 'updateUser'),
    )
    await expect(openAs(before, 'recorder')).rejects.toMatchObject({ code: 'StoreLoginRefused' })
    await (await openAs(after, 'recorder')).close()
  })

  it('is made for many at once, and twice at once', async () => {
    const places = Array.from({ length: 4 }, (_, at) => planned(`many-${at % 2}`))
    const made = await Promise.allSettled(places.map(({ parts, plan }) => provisionStoreUsers(parts, plan)))
    // One of two may come too late for what the other has made; it says that this passes.
    for (const one of made) if (one.status === 'rejected') expect(one.reason).toMatchObject({ name: 'TransientError' })
    for (const { parts, plan } of places) expect(await provisionStoreUsers(parts, plan)).toEqual([])
  })

  describe('for an operator', () => {
    async function operatorWith(roles: readonly string[]): Promise<string> {
      const user = `operator-${roles.join('-')}`
      await withDatabase(server.url, (db) => db.client.db('admin').command({ createUser: user, pwd: 's3cret', roles }))
      const { port } = server
      return `mongodb://${user}:s3cret@127.0.0.1:${port}/?replicaSet=rs0`
    }

    it('with readWriteAnyDatabase and userAdminAnyDatabase it is made', async () => {
      const url = await operatorWith(['readWriteAnyDatabase', 'userAdminAnyDatabase'])
      const { plan, parts } = planned('least', 'first', url)
      expect(await provisionStoreUsers(parts, plan)).toHaveLength(8)
      await provisionStoreUsers(parts, planned('least', 'second').plan)
      await removeStoreUsers(parts, plan)
    })

    it('who may make no users it is refused, by name of the server and with what to do', async () => {
      const url = await operatorWith(['readWriteAnyDatabase'])
      const { plan, parts } = planned('refused', 'first', url)
      const error = await provisionStoreUsers(parts, plan).then(
        () => new Error('they were made'),
        (error: unknown) => error as Error,
      )
      expect(error).toMatchObject({ name: 'PermanentError', code: 'StoreUsersRefused' })
      expect(error.message).toContain(`MongoDB at 127.0.0.1:${server.port}, database "weir-refused"`)
      expect(error.message).toMatch(/not authorized.*userAdminAnyDatabase.*WEIR_STORE_USERS=shared/)
      expect(JSON.stringify(error, ['message', 'stack', 'cause'])).not.toMatch(/s3cret|first\/of/)
    })

    it('who is no user at all it is refused', async () => {
      const { plan, parts } = planned('nobody', 'first', `mongodb://127.0.0.1:${server.port}/?replicaSet=rs0`)
      await expect(provisionStoreUsers(parts, plan)).rejects.toMatchObject({ name: 'PermanentError' })
    })
  })

  it('is made where everybody may do everything, too: who logs in is asked for the password', async () => {
    const name = `open-${randomBytes(4).toString('hex')}`
    const place = planned(name, 'first', shared.url)
    expect(await provisionStoreUsers(place.parts, place.plan)).toHaveLength(8)
    const store = await openAs(place, 'runner')
    expect(await store.snapshots.open('q')).toBeDefined()
    await store.close()
    const wrong = { ...planned(name, 'second', shared.url) }
    await expect(openAs(wrong, 'runner')).rejects.toMatchObject({ code: 'StoreLoginRefused' })
    await removeStoreUsers(place.parts, place.plan)
    await withDatabase(mongoUrlWith(shared.url, { database: place.plan.database }), (db) => db.dropDatabase())
  })
})
