import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { freePorts } from './free-ports.ts'
import { removeGuardedDirectory } from './guard.ts'
import { findMongo } from './mongo-program.ts'
import { openAnew, startProcess, stopProcess, untilReady, type ServerProcess } from './server-process.ts'

/** A MongoDB replica set of one, for whoever opened it alone. */
export interface MongoServer {
  /** Of who may do everything, where there are users. */
  readonly url: string
  readonly port: number
  /** Another one after each start. */
  readonly pid: () => number
  /** As an administrator would; the data stay. */
  readonly stop: () => Promise<void>
  /** SIGKILL. */
  readonly kill: () => Promise<void>
  /** Again, with the same data and port; resolves when it is primary. */
  readonly start: () => Promise<void>
  /** SIGSTOP: it holds its connections and answers nothing. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** Ends it and removes what it has written. */
  readonly close: () => Promise<void>
}

const startTimeoutMs = 180_000
const stopTimeoutMs = 30_000

export interface MongoOptions {
  /** Nobody may do anything without a login; by default everybody may do everything. */
  readonly hasUsers?: boolean
}

/** @throws when there is no mongod here (see `findMongo` for a reason without an exception), or it does not start */
export async function openMongo({ hasUsers = false }: MongoOptions = {}): Promise<MongoServer> {
  const program = await findMongo()
  if (program.kind === 'missing') throw new Error(program.reason)
  return openAnew('mongo', async (directory) => {
    const [port = 0] = await freePorts(1)
    return openMember(program.path, { directory, port, hasUsers })
  })
}

interface Member {
  readonly directory: string
  readonly port: number
  readonly hasUsers: boolean
}

async function openMember(program: string, { directory, port, hasUsers }: Member): Promise<MongoServer> {
  await mkdir(join(directory, 'data'))
  const args =
    `--replSet rs0 --port ${port} --bind_ip 127.0.0.1 --nounixsocket --quiet --wiredTigerCacheSizeGB 0.25`.split(' ')
  args.push('--setParameter', 'diagnosticDataCollectionEnabled=false', '--dbpath', join(directory, 'data'))
  if (hasUsers) args.push('--keyFile', await writeKey(directory))
  const env = { PATH: process.env['PATH'], HOME: directory, LANG: 'C.UTF-8' }
  let server: ServerProcess
  const end = (first: NodeJS.Signals): Promise<void> => stopProcess(server, { first, timeoutMs: stopTimeoutMs })
  const start = async (): Promise<void> => {
    if (server?.isRunning()) return
    server = startProcess({ name: 'mongod', directory, program, args, env })
    await untilReady(server, () => isPrimary(port), startTimeoutMs)
  }
  await start()
  const password = hasUsers ? await makeRoot(port) : undefined
  return {
    url: `mongodb://${password === undefined ? '' : `root:${password}@`}127.0.0.1:${port}/?replicaSet=rs0`,
    port,
    pid: () => server.pid,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    start,
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
    close: async () => {
      await end('SIGKILL')
      await removeGuardedDirectory(directory)
    },
  }
}

/** By which members know each other; it makes them want logins, too. */
async function writeKey(directory: string): Promise<string> {
  const path = join(directory, 'key')
  await writeFile(path, randomBytes(60).toString('base64'), { mode: 0o600 })
  return path
}

/** The first user may be made from here without a login. */
async function makeRoot(port: number): Promise<string> {
  const password = randomBytes(12).toString('hex')
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`)
  try {
    await client.db('admin').command({ createUser: 'root', pwd: password, roles: ['root'] })
  } finally {
    await client.close()
  }
  return password
}

const notYetInitialized = 94

/** Whether it takes writes. Makes a new member a replica set of one. */
async function isPrimary(port: number): Promise<boolean> {
  const url = `mongodb://127.0.0.1:${port}/?directConnection=true`
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 500, connectTimeoutMS: 500 })
  const admin = client.db('admin')
  try {
    const hello = await admin.command({ hello: 1 })
    if (hello['isWritablePrimary'] === true) return true
    if (hello['setName'] === undefined && (await isNew(client)))
      await admin.command({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host: `127.0.0.1:${port}` }] } })
    return false
  } catch {
    return false
  } finally {
    await client.close()
  }
}

async function isNew(client: MongoClient): Promise<boolean> {
  return client
    .db('admin')
    .command({ replSetGetStatus: 1 })
    .then(
      () => false,
      (error: { readonly code?: unknown }) => error.code === notYetInitialized,
    )
}
