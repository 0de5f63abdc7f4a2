import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, connect as connectSocket, type AddressInfo, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { MongoClient } from 'mongodb'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { MongoServer } from '../../../test/env/mongo.ts'
import { openMongo } from '../../../test/env/mongo.ts'
import { describeOnMongo, freshDatabase } from '../../../test/env/servers.ts'
import { flowState } from '../conformance/flow-promises.ts'
import { expectRounds, startWriter, writeUntilKilled } from '../conformance/killed-writer.ts'
import { deadLetter, plan, run, stepEvent } from '../conformance/store-promise.ts'
import type { Store } from '../store.ts'
import { openMongoStore } from './open-mongo-store.ts'

const log = pino({ level: 'silent' })
const opened: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

describeOnMongo('the MongoDB store, its writer killed', (mongo) => {
  it('has lost nothing that was promised, three times in a row', async () => {
    const { url, name, close } = freshDatabase(mongo)
    opened.push(close)
    let promised = 0
    for (let kill = 1; kill <= 3; kill += 1) {
      promised = await writeUntilKilled(url, { from: promised + 1, rounds: 7 * kill })
      const store = await openMongoStore({ url, database: name, log })
      await expectRounds(store, promised)
      await store.close()
    }
  })

  it('lets a writer that was frozen, and replaced, write nothing more', async () => {
    const { url, name, close } = freshDatabase(mongo)
    opened.push(close)
    const writer = startWriter(url, 1)
    const exited = once(writer, 'exit')
    await rounds(writer, 5)
    writer.kill('SIGSTOP')
    const store = await openMongoStore({ url, database: name, log })
    opened.push(store.close)
    const own = await store.snapshots.open('queue')
    expect(await store.snapshots.write('queue', own, { value: 'mine', settled: [] })).toBe('written')
    writer.kill('SIGCONT')
    const [code] = await exited
    expect(code).toBe(1)
    expect(await store.snapshots.read('queue')).toEqual({
      ...own,
      version: own.version + 1,
      value: 'mine',
      settled: [],
    })
  })
})

async function rounds(writer: ChildProcess & { readonly stdout: NodeJS.ReadableStream }, count: number): Promise<void> {
  for await (const line of createInterface({ input: writer.stdout })) if (Number(line) >= count) return
}

describeOnMongo('the MongoDB store, its server in trouble', () => {
  let server: MongoServer
  beforeAll(async () => {
    server = await openMongo()
  })
  afterAll(() => server.close())
  let databases = 0
  const open = async (url = server.url) => {
    databases += 1
    const store = await openMongoStore({ url, database: `faults-${databases}`, log })
    opened.push(store.close)
    return store
  }

  it.each([
    { name: 'is killed and started', trouble: () => server.kill().then(() => server.start()) },
    { name: 'is stopped and started', trouble: () => server.stop().then(() => server.start()) },
    { name: 'steps down as primary', trouble: () => stepDown(server.port) },
    { name: 'answers nothing for two seconds', trouble: () => freeze(server) },
  ])('loses nothing that was promised, and decides nothing twice, while it $name', async ({ trouble }) => {
    const store = await open()
    const writing = writeRounds(store, 60, () => void (troubled ??= trouble()))
    let troubled: Promise<unknown> | undefined
    const outcome = await writing
    await troubled
    expect(outcome.refused).toEqual([])
    expect(troubled).toBeDefined()
    await expectRounds(store, 60)
    await vi.waitFor(() => expect(store.health()).toEqual({ kind: 'ready' }), { timeout: 20_000 })
  })

  it('knows its own writes again when their answers are lost', async () => {
    const proxy = await openProxy(server.port)
    opened.push(proxy.close)
    const store = await open(`mongodb://127.0.0.1:${proxy.port}/?directConnection=true`)
    const owner = { replay: 0, attempt: 1, copy: 'a' }
    const fence = await store.snapshots.open('q')
    const letter = deadLetter('f')
    await store.deadLetters.put(letter)
    const calls: readonly (readonly [name: string, call: () => Promise<unknown>, wanted: unknown])[] = [
      ['snapshots', () => store.snapshots.write('q', fence, { value: 1, settled: [] }), 'written'],
      ['flows', () => store.flows.put(flowState('f'), 0), 'written'],
      ['flows', () => store.flows.put(flowState('f', { active: 1 }), 1), 'written'],
      ['fires', () => store.fires.insert({ flow: 'f', trigger: 't', at: 1, revision: 1 }), true],
      ['claims', () => store.claims.take('k', owner, { nowMs: 1, windowMs: 1e12 }), { kind: 'taken' }],
      ['deadLetters', () => store.deadLetters.mark(letter, 'replayed'), true],
      ['trials', () => store.trials.begin('k'), 1],
      ['plans', () => store.plans.put(plan('f', 1)), undefined],
      ['trackedRuns', () => store.trackedRuns.add('f', 'r', ['m1', 'm2']), undefined],
      ['runs', () => store.runs.addRuns([run('f', 0, 'r1'), run('f', 0, 'r2')]), undefined],
      ['stepEvents', () => store.runs.addEvents([stepEvent('f', 'r1'), stepEvent('f', 'r1')]), undefined],
    ]
    for (const [collection, call, wanted] of calls) {
      // Two: the driver asks a second time by itself.
      proxy.loseAnswers(collection, 2)
      expect(await call()).toEqual(wanted)
      expect(proxy.lost()).toBe(2)
    }
    expect(await store.runs.events('r1')).toHaveLength(2)
    expect(await store.flows.get('f')).toMatchObject({ version: 2 })
    expect(await store.snapshots.read('q')).toMatchObject({ version: 1 })
  })

  it('says since when its server is gone, and works again by itself', async () => {
    const store = await open()
    await server.stop()
    try {
      await vi.waitFor(() => expect(store.health().kind).toBe('unreachable'), { timeout: 10_000 })
      expect(store.health()).toMatchObject({
        since: expect.any(Number),
        reason: expect.stringContaining(`:${server.port}`),
      })
    } finally {
      await server.start()
    }
    await vi.waitFor(() => expect(store.health()).toEqual({ kind: 'ready' }), { timeout: 20_000 })
  })

  it('waits at its opening for a server that is not there yet, and says so once', async () => {
    await server.stop()
    const lines: { readonly code?: string; readonly since?: number; readonly reason?: string }[] = []
    const noting = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) })
    const opening = openMongoStore({ url: server.url, log: noting, patience: 'wait' })
    await vi.waitFor(() => expect(lines).toHaveLength(1), { timeout: 20_000 })
    await server.start()
    const store = await opening
    opened.push(store.close)
    expect(lines).toMatchObject([
      { code: 'StoreUnreachable', since: expect.any(Number), reason: expect.stringContaining(`:${server.port}`) },
    ])
    await store.plans.put(plan('f', 1))
  })

  it('stops waiting when it is told to', async () => {
    const ending = new AbortController()
    const url = 'mongodb://127.0.0.1:1/'
    const opening = openMongoStore({ url, log, patience: 'wait', signal: ending.signal })
    ending.abort(new Error('enough'))
    await expect(opening).rejects.toThrow('enough')
  })
})

/** Confirms rounds as the killed writer does, all at once. */
async function writeRounds(store: Store, count: number, onHalf: () => void): Promise<{ readonly refused: unknown[] }> {
  let fence = await store.snapshots.open('queue')
  const refused: unknown[] = []
  const one = async (round: number): Promise<void> => {
    const owner = { replay: 0, attempt: 1, copy: `c${round}` }
    const outcomes = await Promise.allSettled([
      store.snapshots.write('queue', fence, { value: round, settled: [`m${round}`] }),
      store.flows.put(flowState('f', { lastRevision: round }), round - 1),
      store.claims
        .take(`key-${round}`, owner, { nowMs: 1, windowMs: 1e12 })
        .then(({ kind }) => store.claims.done(`key-${round}`, owner, 2).then(() => kind)),
      store.fires.insert({ flow: 'f', trigger: 't', at: round, revision: 1 }),
      store.trials.begin(`key-${round}`),
      store.deadLetters.put(deadLetter('f', { id: `m${round}`, body: Buffer.alloc(20_000, round) })),
      store.trackedRuns.add('f', `run-${round}`, ['m1', 'm2']),
      store.plans.put(plan('f', round)),
      store.blobs.put(`b${round}`, Buffer.alloc(round), Date.now() + 3_600_000),
    ])
    const got = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason))
    const wanted = ['written', 'written', 'taken', true, 1, ...Array.from({ length: 4 })]
    if (got.some((value, at) => value !== wanted[at])) refused.push(got)
    fence = { ...fence, version: fence.version + 1 }
  }
  for (let round = 1; round <= count; round += 1) {
    if (round === Math.floor(count / 3)) onHalf()
    await one(round)
  }
  return { refused }
}

async function stepDown(port: number): Promise<void> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`)
  try {
    await client.db('admin').command({ replSetStepDown: 3, force: true })
  } finally {
    await client.close()
  }
}

async function freeze(server: MongoServer): Promise<void> {
  server.freeze()
  await new Promise((resolve) => setTimeout(resolve, 2000))
  server.thaw()
}

interface Proxy {
  readonly port: number
  /** Of the next so many commands that name the collection the answers are lost, and their connections. */
  readonly loseAnswers: (collection: string, count: number) => void
  readonly lost: () => number
  readonly close: () => Promise<void>
}

async function openProxy(target: number): Promise<Proxy> {
  let wanted = ''
  let remaining = 0
  let lost = 0
  const sockets = new Set<Socket>()
  const server: Server = createServer((near) => {
    const far = connectSocket(target, '127.0.0.1')
    let isArmed = false
    const end = (): void => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', end).on('close', end)
    }
    near.on('data', (bytes: Buffer) => {
      if (remaining > 0 && !isArmed && isWriteTo(bytes, wanted)) {
        isArmed = true
        remaining -= 1
      }
      far.write(bytes)
    })
    far.on('data', (bytes: Buffer) => {
      if (!isArmed) return void near.write(bytes)
      lost += 1
      end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    loseAnswers: (collection, count) => {
      wanted = collection
      remaining = count
      lost = 0
    },
    lost: () => lost,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function isWriteTo(bytes: Buffer, collection: string): boolean {
  const text = bytes.toString('latin1')
  return (
    ['update', 'insert', 'findAndModify'].some((command) => text.includes(`${command}\0`)) &&
    text.includes(`${collection}\0`)
  )
}

describe('opening a MongoDB store', () => {
  it('refuses a URL that cannot be read, without its password', async () => {
    const opening = openMongoStore({ url: 'mongodb://u:s3cr3t@@a:1/?frobnicate=1', log, patience: 'wait' })
    const error = await opening.catch((error: unknown) => error)
    expect(error).toMatchObject({ name: 'PermanentError', code: 'StoreUrlInvalid' })
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('s3cr3t')
  })

  it('says that nobody listens there, and what to look at', async () => {
    const error = await openMongoStore({ url: 'mongodb://u:s3cr3t@127.0.0.1:1/flows', log }).catch(
      (error: unknown) => error,
    )
    expect(error).toMatchObject({
      name: 'TransientError',
      code: 'StoreUnreachable',
      message: expect.stringMatching(/^MongoDB at 127\.0\.0\.1:1, database "flows" .*ECONNREFUSED.*host and port/),
    })
    expect((error as Error).message).not.toContain('s3cr3t')
  })
})
