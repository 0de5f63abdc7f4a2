import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { openGuardedDirectory, removeGuardedDirectory } from '../../../test/env/guard.ts'
import { findMongo } from '../../../test/env/mongo-program.ts'
import { freePorts } from '../../../test/env/free-ports.ts'
import { isListening, startProcess, stopProcess, untilReady } from '../../../test/env/server-process.ts'
import { describeOnMongo } from '../../../test/env/servers.ts'
import { plan } from '../conformance/store-promise.ts'
import { openMongoStore } from './open-mongo-store.ts'

const log = pino({ level: 'silent' })

interface Mongod {
  readonly host: string
  readonly close: () => Promise<void>
}

/** One that is not as it should be. */
async function openMongod(extra: readonly string[], keyFile?: string): Promise<Mongod> {
  const program = await findMongo()
  if (program.kind === 'missing') throw new Error(program.reason)
  const directory = await openGuardedDirectory('mongod')
  await mkdir(join(directory, 'data'))
  const [port = 0] = await freePorts(1)
  const args = `--port ${port} --bind_ip 127.0.0.1 --nounixsocket --quiet --wiredTigerCacheSizeGB 0.25`.split(' ')
  args.push('--dbpath', join(directory, 'data'), ...extra)
  if (keyFile !== undefined) {
    await writeFile(join(directory, 'key'), keyFile, { mode: 0o600 })
    args.push('--keyFile', join(directory, 'key'))
  }
  const env = { PATH: process.env['PATH'], HOME: directory, LANG: 'C.UTF-8' }
  const server = startProcess({ name: 'mongod', directory, program: program.path, args, env })
  await untilReady(server, () => isListening(port), 60_000)
  return {
    host: `127.0.0.1:${port}`,
    close: async () => {
      await stopProcess(server, { first: 'SIGKILL', timeoutMs: 1000 })
      await removeGuardedDirectory(directory)
    },
  }
}

async function refusalOf(url: string): Promise<Error> {
  const opening = openMongoStore({ url, log })
  return opening.then(
    () => new Error('it was opened'),
    (error: unknown) => error as Error,
  )
}

describeOnMongo('opening a MongoDB store', () => {
  let alone: Mongod
  let unbegun: Mongod
  let guarded: Mongod
  let administrator: MongoClient
  beforeAll(async () => {
    const key = randomBytes(60).toString('base64')
    ;[alone, unbegun, guarded] = await Promise.all([
      openMongod([]),
      openMongod(['--replSet', 'rs0']),
      openMongod(['--replSet', 'rs0'], key),
    ])
    administrator = await begin(guarded)
  })
  afterAll(async () => {
    await administrator.close()
    for (const server of [alone, unbegun, guarded]) await server.close()
  })

  it.each([
    { query: '', says: /no replica set.*--replSet/ },
    { query: '?replicaSet=rs0', says: /no member of the replica set "rs0"/ },
    { query: '?directConnection=true', says: /no replica set/ },
  ])('refuses a server alone: it cannot promise that a write stays ($query)', async ({ query, says }) => {
    expect(await refusalOf(`mongodb://${alone.host}/${query}`)).toMatchObject({
      name: 'PermanentError',
      code: 'StoreNotReplicaSet',
      message: expect.stringMatching(says),
    })
  })

  it('says that a replica set was never begun', async () => {
    expect(await refusalOf(`mongodb://${unbegun.host}/?replicaSet=rs0`)).toMatchObject({
      code: 'StoreNotReplicaSet',
      message: expect.stringContaining('rs.initiate()'),
    })
  })

  it.each([
    { name: 'a wrong password', login: 'writer:wr0ng@', code: 'StoreLoginRefused', says: 'refused the login' },
    { name: 'an unknown user', login: 'nobody:wr0ng@', code: 'StoreLoginRefused', says: 'refused the login' },
    { name: 'no login', login: '', code: 'StoreLoginRefused', says: 'wants a login' },
    { name: 'a user who may only read', login: 'reader:s3cret@', code: 'StoreAccessRefused', says: 'role readWrite' },
  ])('refuses $name, names the server, and shows no password', async ({ login, code, says }) => {
    const error = await refusalOf(`mongodb://${login}${guarded.host}/flows?replicaSet=rs0&authSource=admin`)
    expect(error).toMatchObject({ name: 'PermanentError', code, message: expect.stringContaining(says) })
    expect(error.message).toContain(`MongoDB at ${guarded.host}, database "flows"`)
    expect(JSON.stringify(error, ['message', 'stack', 'cause'])).not.toMatch(/wr0ng|s3cret/)
  })

  it('works for a user with no more than readWrite, through a time in which that one may do nothing', async () => {
    const url = `mongodb://writer:s3cret@${guarded.host}/flows?replicaSet=rs0&authSource=admin`
    const store = await openMongoStore({ url, log })
    const lines: unknown[] = []
    const noting = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
    const again = await openMongoStore({ url, log: noting, retention: { observedMs: 60_000 } })
    await again.close()
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatchObject({ msg: expect.stringContaining('dbAdmin') })
    const admin = administrator.db('admin')
    await store.plans.put(plan('f', 1))
    await admin.command({ updateUser: 'writer', roles: [] })
    // What an administrator can mend must not cost a message its life.
    await expect(store.plans.put(plan('f', 2))).rejects.toMatchObject({
      name: 'TransientError',
      code: 'StoreAccessRefused',
    })
    expect(store.health()).toMatchObject({ kind: 'unreachable' })
    await admin.command({ updateUser: 'writer', roles: [{ role: 'readWrite', db: 'flows' }] })
    await vi.waitFor(() => expect(store.health()).toEqual({ kind: 'ready' }), { timeout: 10_000 })
    await store.plans.put(plan('f', 2))
    await store.close()
  })
})

/** Makes it a replica set with a user who may only read, and one who may write. */
async function begin({ host }: Mongod): Promise<MongoClient> {
  const first = new MongoClient(`mongodb://${host}/?directConnection=true`)
  const admin = first.db('admin')
  await admin.command({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host }] } })
  await vi.waitFor(async () => expect((await admin.command({ hello: 1 }))['isWritablePrimary']).toBe(true), {
    timeout: 30_000,
  })
  await admin.command({ createUser: 'root', pwd: 'r00t', roles: ['root'] })
  await first.close()
  const client = new MongoClient(`mongodb://root:r00t@${host}/?replicaSet=rs0&authSource=admin`)
  for (const [user, role] of [
    ['reader', 'read'],
    ['writer', 'readWrite'],
  ]) {
    await client.db('admin').command({ createUser: user, pwd: 's3cret', roles: [{ role, db: 'flows' }] })
  }
  return client
}
