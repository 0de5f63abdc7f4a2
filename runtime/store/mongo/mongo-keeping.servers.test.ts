import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { pino } from 'pino'
import { afterEach, expect, it, vi } from 'vitest'
import { describeOnMongo, freshDatabase } from '../../../test/env/servers.ts'
import { encodeObservations } from '../../recorder/batch-writer.ts'
import { deadLetter, run, startedAt, stepEvent } from '../conformance/store-promise.ts'
import type { MongoRetention } from '../retention.ts'
import { openMongoStore } from './open-mongo-store.ts'

const log = pino({ level: 'silent' })
const opened: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

describeOnMongo('what the MongoDB store keeps', (mongo) => {
  function bench() {
    const { url, name, close } = freshDatabase(mongo)
    const client = new MongoClient(url)
    opened.push(close, () => client.close())
    const open = async (retention: Partial<MongoRetention> = {}) => {
      const store = await openMongoStore({ url, log, retention })
      opened.push(store.close)
      return store
    }
    const database = client.db(name)
    const indexesOf = (collection: string) => database.collection(collection).indexes()
    return { database, open, indexesOf }
  }

  it('makes its indexes once, though many open it at the same time and again', async () => {
    const { open, indexesOf } = bench()
    await Promise.all(Array.from({ length: 6 }, () => open()))
    const first = await indexesOf('observations')
    expect(first.map(({ key }) => Object.keys(key).join())).toEqual([
      '_id',
      'runKeys,at',
      'flows,lastStartedAt',
      'lastStartedAt',
      'at',
    ])
    await open()
    expect(await indexesOf('observations')).toEqual(first)
  })

  it('changes the time to live of what is only observed, in both directions', async () => {
    const { open, indexesOf } = bench()
    const lifetimes = async (): Promise<unknown[]> => {
      const all = await Promise.all(['runs', 'stepEvents', 'observations'].map(indexesOf))
      return all
        .flat()
        .flatMap(({ expireAfterSeconds }) => (expireAfterSeconds === undefined ? [] : [expireAfterSeconds]))
    }
    await open()
    expect(await lifetimes()).toEqual([2_592_000, 2_592_000, 2_592_000])
    await Promise.all([open({ observedMs: 60_000 }), open({ observedMs: 60_000 })])
    expect(await lifetimes()).toEqual([60, 60, 60])
    await open({ observedMs: 120_000 })
    expect(await lifetimes()).toEqual([120, 120, 120])
  })

  it('takes a tracked run for ended when nothing was added to it for long', async () => {
    const { open } = bench()
    const store = await open({ trackedMs: 2000 })
    for (const run of ['old', 'refreshed']) await store.trackedRuns.add('f', run, ['m1'])
    expect(await store.trackedRuns.active('f')).toHaveLength(2)
    await vi.waitFor(
      async () => {
        await store.trackedRuns.add('f', 'refreshed', ['m1'])
        expect(await store.trackedRuns.active('f')).toEqual(['refreshed'])
      },
      { timeout: 10_000, interval: 200 },
    )
    // What was forgotten does not come back with its run.
    await store.trackedRuns.add('f', 'old', ['m2'])
    await store.trackedRuns.remove('f', 'old', 'm2')
    expect(await store.trackedRuns.active('f')).toEqual(['refreshed'])
  })

  it('gives by the clock of the server an end to what is done, a late one to what nobody finishes, and none to what waits', async () => {
    const { open, database } = bench()
    const store = await open({ firesMs: 1000, settledLettersMs: 1000 })
    const owner = { replay: 0, attempt: 1, copy: 'a' }
    const fire = { flow: 'f', trigger: 't', at: 1, revision: 1 }
    const letters = [deadLetter('f'), deadLetter('f', { body: randomBytes(2_000_000) })] as const
    for (const key of ['k1', 'k2']) await store.claims.take(key, owner, { nowMs: 5000, windowMs: 60_000 })
    for (const at of [1, 2]) await store.fires.insert({ ...fire, at })
    for (const letter of letters) await store.deadLetters.put(letter)
    const ends = async (): Promise<number[]> => {
      const names = ['claims', 'fires', 'deadLetters', 'deadLetterBodies.files', 'deadLetterBodies.chunks']
      const all = names.map((name) => database.collection(name).countDocuments({ expiresAt: { $exists: true } }))
      return Promise.all(all)
    }
    // Claims that nobody finishes end, too, but not soon.
    expect(await ends()).toEqual([2, 0, 0, 0, 0])
    const endOf = async (key: string): Promise<number> => {
      const claim = await database.collection<{ _id: string; expiresAt: Date }>('claims').findOne({ _id: key })
      return (claim?.expiresAt.getTime() ?? 0) - Date.now()
    }
    const day = 86_400_000
    expect(await endOf('k1')).toBeGreaterThan(29.9 * day)
    expect(await endOf('k1')).toBeLessThan(30.1 * day)
    await store.claims.done('k1', owner, 5001)
    await store.fires.markPublished(fire)
    for (const letter of letters) await store.deadLetters.mark(letter, 'dropped')
    expect(await ends()).toEqual([2, 1, 2, 1, 2])
    expect(await endOf('k1')).toBeLessThan(day)
    expect(await endOf('k1')).toBeGreaterThan(0)
    expect(await endOf('k2')).toBeGreaterThan(29.9 * day)
    // A published fire that is forgotten is still the trigger's latest, and no new one.
    await database.collection('fires').deleteMany({ state: 'published' })
    expect(await store.fires.insert(fire)).toBe(false)
  })

  it('keeps a large dead letter in a file for as long as it has it', async () => {
    const { open, database } = bench()
    const store = await open()
    const letter = deadLetter('f', { body: randomBytes(3_000_000) })
    await Promise.all([1, 2, 3].map(() => store.deadLetters.put(letter)))
    const files = () => database.collection('deadLetterBodies.files').countDocuments()
    const chunks = () => database.collection('deadLetterBodies.chunks').countDocuments()
    expect([await files(), await chunks()]).toEqual([1, 3])
    expect(
      (await store.deadLetters.list({ flow: 'f' })).map(({ body }) => Buffer.from(body).equals(letter.body)),
    ).toEqual([true])
    // Another takes its place, and then a small one.
    await store.deadLetters.put({ ...letter, body: randomBytes(2_500_000) })
    expect(await files()).toBe(1)
    await store.deadLetters.put({ ...letter, body: Buffer.from('small') })
    expect([await files(), await chunks()]).toEqual([0, 0])
    // What comes too late leaves nothing behind.
    await store.deadLetters.mark(letter, 'replayed')
    await store.deadLetters.put(letter)
    expect([await files(), await chunks()]).toEqual([0, 0])
  })

  it('completes a file that a killed process left half written', async () => {
    const { open, database } = bench()
    const store = await open()
    const bytes = randomBytes(3_000_000)
    await store.blobs.put('b', bytes, startedAt + 1e9)
    await database.collection('blobs.files').deleteMany({})
    await database.collection('blobs.chunks').deleteOne({ n: 1 })
    expect(await store.blobs.get('b')).toBeUndefined()
    await store.blobs.put('b', bytes, startedAt + 1e9)
    expect((await store.blobs.get('b'))?.equals(bytes)).toBe(true)
    // A chunk that is lost is missed, and brought by whoever publishes the same again.
    await database.collection('blobs.chunks').deleteOne({ n: 2 })
    expect(await store.blobs.get('b')).toBeUndefined()
    await store.blobs.put('b', bytes, startedAt + 2e9)
    expect((await store.blobs.get('b'))?.equals(bytes)).toBe(true)
  })

  it('keeps a dead letter that MongoDB refuses, as metadata and a file', async () => {
    const { open, database } = bench()
    const store = await open()
    await database.command({ collMod: 'deadLetters', validator: { record: { $exists: false } } })
    const refused = deadLetter('f')
    const huge = deadLetter('f', { message: 'x'.repeat(17_000_000), code: 'y'.repeat(3000) })
    for (const letter of [refused, huge]) {
      await store.deadLetters.put(letter)
      expect(await store.deadLetters.get(letter)).toEqual(letter)
    }
    expect(await store.deadLetters.list({ code: huge.code })).toHaveLength(1)
    expect(await store.deadLetters.mark(huge, 'dropped')).toBe(true)
  })

  it('refuses a snapshot that is too large for good', async () => {
    const { open } = bench()
    const store = await open()
    const fence = await store.snapshots.open('q')
    const writing = store.snapshots.write('q', fence, { value: 'x'.repeat(17_000_000), settled: [] })
    await expect(writing).rejects.toMatchObject({ name: 'PermanentError', code: 'StoreDocumentRefused' })
    expect(await store.snapshots.write('q', fence, { value: 'x', settled: [] })).toBe('written')
  })

  it('shows what came in batches beside what came alone, each batch once', async () => {
    const { open } = bench()
    const store = await open()
    const runs = [run('f', 10, 'r1'), run('f', 30, 'r2'), run('g', 40, 'r3')] as const
    const events = [0, 1, 2].map((at) => stepEvent('f', 'r1', { at: startedAt + at, messageId: `m${at}` }))
    const place = { id: 'b1', at: startedAt + 50, publisher: 'p', from: 0 }
    const batch = encodeObservations(
      [
        ...runs.map((run) => ({ kind: 'run', run }) as const),
        ...events.slice(1).map((event) => ({ kind: 'event', event }) as const),
      ],
      place,
    )
    await store.runs.addBatches([batch])
    await store.runs.addBatches([batch, { ...batch, id: 'damaged', bytes: Buffer.from('rubbish') }])
    await store.runs.addEvents(events.slice(0, 1))
    await store.runs.addRuns([runs[0], run('f', 20, 'r4')])
    expect(await store.runs.events('r1')).toEqual(events)
    expect(await store.runs.get('r2')).toEqual(runs[1])
    const ids = async (filter: object): Promise<string[]> => (await store.runs.list(filter)).map(({ id }) => id)
    expect(await ids({ flow: 'f' })).toEqual(['r2', 'r4', 'r1'])
    expect(await ids({})).toEqual(['r3', 'r2', 'r4', 'r1'])
    expect(await ids({ limit: 2 })).toEqual(['r3', 'r2'])
    expect(await ids({ startedFrom: startedAt + 30 })).toEqual(['r3', 'r2'])
  })
})
