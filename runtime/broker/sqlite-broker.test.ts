import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Clock } from '../clock.ts'
import { simulatedClock, systemClock } from '../clock.ts'
import { PermanentError, TransientError } from '../error.ts'
import { groupCommit } from '../store/sqlite/group-commit.ts'
import { openDatabase } from '../store/sqlite/open-database.ts'
import { deadQueue, unroutedQueue } from './broker.ts'
import { brokerConformance } from './broker-conformance.ts'
import { ack, eventually, idsUpTo, message, publishAll, take } from './conformance/broker-promise.ts'
import type { OpenedBroker } from './conformance/random-use.ts'
import { openEmbeddedBroker } from './embedded-broker.ts'
import { embeddedConformance } from './embedded-conformance.ts'
import { defaultPage, openSqliteBroker } from './sqlite-broker.ts'
import type { PageBounds } from './sqlite/message-table.ts'
import { queueContent } from './sqlite/queue-schema.ts'
import { sqliteKeeper } from './sqlite/sqlite-keeper.ts'
import { openTrouble } from './sqlite/trouble.ts'

let directory: string
let files = 0
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-queues-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function newPath(): string {
  files += 1
  return join(directory, `state-${files}`, 'queues.db')
}

/** The files as they are now, as another process would find them if this one were killed. */
async function leftOf(path: string): Promise<string> {
  const copy = newPath()
  await mkdir(join(copy, '..'))
  for (const suffix of ['', '-wal']) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix)
  return copy
}

function openAt(path: string, clock: Clock = systemClock, page: PageBounds = defaultPage): OpenedBroker {
  return {
    broker: openSqliteBroker(path, { clock, page }),
    crash: async () => openAt(await leftOf(path), clock, page),
  }
}

brokerConformance('SQLite', async () => {
  const broker = openSqliteBroker(newPath())
  return { connect: async () => broker.connect(), close: broker.close }
})

embeddedConformance('SQLite', (clock) => openAt(newPath(), clock))
embeddedConformance('SQLite in small pages', (clock) => openAt(newPath(), clock, { messages: 3, bytes: 20 }))

describe('SQLite broker', () => {
  it('has after a crash what was confirmed and not acknowledged, and knows what may have been delivered, how often', async () => {
    const first = openAt(newPath())
    await first.broker.declareQueues([{ name: 'q' }])
    await publishAll(first.broker, 'q', idsUpTo(10))
    const held = await take(first.broker, 'q', { prefetch: 4 })
    await held.until(4)
    held.delivery(0).ack()
    held.delivery(2).requeue()
    await held.until(6)
    await publishAll(first.broker, 'q', ['late'])

    const second = await first.crash!()
    const again = await take(second.broker, 'q', { prefetch: 3 })
    await again.until(3)
    const seen = (deliveries: typeof held.deliveries): string[] =>
      deliveries.map(({ message: { id }, redelivered, deliveryCount }) => `${id} ${redelivered} ${deliveryCount}`)
    expect(seen(again.deliveries)).toEqual(['m2 true 1', 'm3 true 2', 'm4 true 1'])

    const third = await second.crash!()
    const last = await take(third.broker, 'q', { settle: ack })
    await last.until(10)
    expect(seen(last.deliveries)).toEqual([
      'm2 true 2',
      'm3 true 3',
      'm4 true 2',
      'm5 true 1',
      ...['m6', 'm7', 'm8', 'm9', 'm10', 'late'].map((id) => `${id} false 0`),
    ])
    for (const { broker } of [first, second, third]) await broker.close()
  })

  it('has after a clean end what was queued, and begins anew with an empty queue', async () => {
    const path = newPath()
    const first = openSqliteBroker(path)
    await first.declareQueues([{ name: 'q' }])
    await publishAll(first, 'q', idsUpTo(3))
    await (await take(first, 'q', { settle: ack })).until(3)
    await first.close()
    const second = openSqliteBroker(path)
    await second.declareQueues([{ name: 'q' }])
    await publishAll(second, 'q', ['m4'])
    const taker = await take(second, 'q')
    await taker.until(1)
    expect(taker.delivery(0)).toMatchObject({ redelivered: false, deliveryCount: 0, message: { id: 'm4' } })
    await second.close()
  })

  it('keeps what waits for its time, by the wall clock, in the order of the times', async () => {
    const clock = simulatedClock(1_000_000)
    const first = openAt(newPath(), clock)
    await first.broker.declareQueues([{ name: 'q' }])
    for (const [id, delayMs] of [
      ['tomorrow', 86_400_000],
      ['second', 2000],
      ['first', 1000],
      ['third', 3000],
    ] as const) {
      await first.broker.publish({ kind: 'delay', queue: 'q', delayMs }, message(id))
    }
    const later = simulatedClock(1_002_500)
    const second = openSqliteBroker(await leftOf(join(directory, `state-${files}`, 'queues.db')), { clock: later })
    const taker = await take(second, 'q', { settle: ack })
    const arrived = async (count: number): Promise<void> => {
      await later.advance(0)
      await taker.until(count)
    }
    await arrived(2)
    expect(taker.ids()).toEqual(['first', 'second'])
    await later.advance(499)
    expect(await second.depth('q')).toMatchObject({ ready: 0, parked: 2 })
    await later.advance(1)
    await arrived(3)
    await later.advance(86_397_000)
    await arrived(4)
    expect(taker.ids()).toEqual(['first', 'second', 'third', 'tomorrow'])
    await first.broker.close()
    await second.close()
  })

  it('keeps queues with their properties, what is unbound, and what was deleted', async () => {
    const path = newPath()
    const first = openSqliteBroker(path)
    await first.declareQueues([
      { name: 'single', singleActiveConsumer: true },
      { name: 'bounded', dropHeadAbove: 2 },
      { name: 'unbound' },
      { name: 'deleted' },
      { name: 'replies', temporary: true },
    ])
    for (const queue of ['single', 'bounded', 'unbound', 'deleted', 'replies']) {
      await publishAll(first, queue, idsUpTo(3))
    }
    await first.publish({ kind: 'delay', queue: 'replies', delayMs: 0 }, message('late reply'))
    await first.unbindQueue('unbound')
    await first.deleteQueue('deleted')
    await first.close()

    const second = openSqliteBroker(path)
    expect(second.queueNames().toSorted()).toEqual(['bounded', 'single', 'unbound', 'unrouted'])
    await expect(second.declareQueues([{ name: 'single' }])).rejects.toMatchObject({ code: 'QueueMismatch' })
    expect(await second.depth('bounded')).toMatchObject({ ready: 2 })
    expect(await second.publish({ kind: 'queue', queue: 'unbound' }, message())).toBe('unroutable')
    expect(await second.publish({ kind: 'queue', queue: 'single' }, message('m4'))).toBe('confirmed')
    const taker = await take(second, 'unbound')
    await taker.until(3)
    await second.declareQueues([{ name: 'deleted' }])
    await publishAll(second, 'deleted', ['new'])
    const anew = await take(second, 'deleted')
    await anew.until(1)
    expect(anew.ids()).toEqual(['new'])
    expect(anew.delivery(0).redelivered).toBe(false)
    await second.close()
  })

  it('counts as pending what this process has declared, and nothing of what others have left', async () => {
    const path = newPath()
    const first = openSqliteBroker(path)
    await first.declareQueues([{ name: 'ours' }, { name: 'theirs' }])
    for (const queue of ['ours', 'theirs']) {
      await publishAll(first, queue, ['m1'])
      await first.publish({ kind: 'delay', queue, delayMs: 60_000 }, message())
    }
    await first.close()
    const second = openSqliteBroker(path)
    await second.whenIdle()
    await second.declareQueues([{ name: 'ours' }])
    expect(second.pending()).toEqual({ ready: 1, unacknowledged: 0, parked: 1 })
    await second.close()
  })

  it('gives what became due while its queue was gone to `unrouted`', async () => {
    const clock = simulatedClock()
    const { broker } = openAt(newPath(), clock)
    await broker.declareQueues([{ name: 'q' }])
    await broker.publish({ kind: 'delay', queue: 'q', delayMs: 100 }, message('m1'))
    await broker.deleteQueue('q')
    await clock.advance(100)
    await eventually(async () => expect(await broker.depth(unroutedQueue)).toMatchObject({ ready: 1 }))
    await broker.close()
  })

  it('delivers a backlog of 200 MB in order, holding a small part of it in memory', async () => {
    const path = newPath()
    const { broker } = openAt(path)
    await broker.declareQueues([{ name: 'q' }])
    const before = heldBytes()
    const count = 10_000
    for (let sent = 0; sent < count; sent += 500) {
      const ids = Array.from({ length: 500 }, (_, at) => `${sent + at}`)
      await Promise.all(
        ids.map((id) => broker.publish({ kind: 'queue', queue: 'q' }, message(id, Buffer.alloc(20_000, id)))),
      )
    }
    expect(heldBytes() - before).toBeLessThan(50e6)
    let next = 0
    let most = 0
    const wrong: string[] = []
    await broker.consume('q', { prefetch: 50 }, (delivery) => {
      const { id, body } = delivery.message
      if (id !== `${next}` || body.length !== 20_000 || !body.toString('latin1').startsWith(id)) wrong.push(id)
      next += 1
      if (next % 1000 === 0) most = Math.max(most, heldBytes() - before)
      delivery.ack()
    })
    await broker.whenIdle()
    expect({ wrong, next }).toEqual({ wrong: [], next: count })
    expect(most).toBeLessThan(50e6)
    await broker.close()
    // What a long backlog has left behind is given back.
    expect(statSync(path).size).toBeGreaterThan(100e6)
    await openSqliteBroker(path).close()
    expect(statSync(path).size).toBeLessThan(1e6)
  })

  it('refuses what it cannot add for want of room, holds back what it cannot note, and goes on when there is room', async () => {
    const path = newPath()
    const database = openDatabase(path, { access: 'exclusive', busyTimeoutMs: 100, content: queueContent })
    const troubles: Error[] = []
    const clock = simulatedClock()
    const trouble = openTrouble({ path, clock, onTrouble: (error) => void troubles.push(error) })
    const commits = groupCommit(database, clock)
    const openKeeper = (host: Parameters<typeof sqliteKeeper>[0]['host']) =>
      sqliteKeeper({ database, commits, trouble, host, clock, page: defaultPage })
    const broker = openEmbeddedBroker({ clock, openKeeper })
    await broker.declareQueues([{ name: 'q' }])
    await publishAll(broker, 'q', ['m1', 'm2'])
    const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count'])
    database.exec(`PRAGMA max_page_count = ${pages}`)
    const large = message('large', Buffer.alloc(1e6))
    for (const target of [
      { kind: 'queue', queue: 'q' },
      { kind: 'delay', queue: 'q', delayMs: 1 },
    ] as const) {
      await expect(broker.publish(target, large)).rejects.toMatchObject({ name: 'TransientError', code: 'StateFull' })
    }
    expect(broker.health()).toMatchObject({ kind: 'blocked', reason: expect.stringContaining(path) })
    expect(troubles).toHaveLength(1)
    expect(broker.pending()).toEqual({ ready: 2, unacknowledged: 0, parked: 0 })

    // Nothing can be written at all: a delivery that would not be known of after a crash is held back.
    database.exec('PRAGMA query_only = 1')
    const taker = await take(broker, 'q', { settle: ack })
    await clock.advance(5000)
    expect(taker.ids()).toEqual([])
    database.exec('PRAGMA query_only = 0')
    await clock.advance(1000)
    await taker.until(2)
    database.exec('PRAGMA max_page_count = 1000000')
    await broker.publish({ kind: 'queue', queue: 'q' }, large)
    await taker.until(3)
    expect(broker.health()).toEqual({ kind: 'ready' })
    await broker.close()
  })

  it('removes later what it cannot remove now', async () => {
    const path = newPath()
    const database = openDatabase(path, { access: 'exclusive', busyTimeoutMs: 100, content: queueContent })
    const clock = simulatedClock()
    const trouble = openTrouble({ path, clock, onTrouble: () => {} })
    const commits = groupCommit(database, clock)
    const broker = openEmbeddedBroker({
      clock,
      openKeeper: (host) => sqliteKeeper({ database, commits, trouble, host, clock, page: defaultPage }),
    })
    await broker.declareQueues([{ name: 'q' }])
    await publishAll(broker, 'q', idsUpTo(3))
    const taker = await take(broker, 'q')
    await taker.until(3)
    database.exec('PRAGMA query_only = 1')
    taker.delivery(0).ack()
    await clock.advance(100)
    taker.delivery(2).ack()
    await clock.advance(5000)
    const left = (): unknown[] => database.prepare('SELECT id FROM messages').all()
    expect(left()).toHaveLength(3)
    database.exec('PRAGMA query_only = 0')
    await clock.advance(1000)
    await eventually(() => expect(left()).toMatchObject([{ id: 'm2' }]))
    await broker.close()
  })

  it('belongs to one process at a time', async () => {
    const path = newPath()
    const broker = openSqliteBroker(path)
    expect(() => openSqliteBroker(path, { busyTimeoutMs: 10 })).toThrow(/in use by another weir/)
    await broker.close()
    await openSqliteBroker(path).close()
  })

  it.each([
    {
      name: 'is damaged',
      code: 'StateCorrupt',
      make: (path: string) => writeFileSync(path, 'not a database, but long enough to be looked at as one'.repeat(100)),
    },
    {
      name: 'belongs to another application',
      code: 'StateUnusable',
      make: (path: string) => run(path, 'CREATE TABLE notes (text)'),
    },
    {
      name: 'is of a newer version',
      code: 'StateTooNew',
      make: (path: string) =>
        run(
          path,
          `PRAGMA application_id = ${queueContent.applicationId}; PRAGMA user_version = 99; CREATE TABLE t (x)`,
        ),
    },
    {
      name: 'has lost a table',
      code: 'StateUnusable',
      make: (path: string) =>
        run(
          path,
          `${queueContent.migrations[0]}; DROP TABLE parked; PRAGMA user_version = 1; PRAGMA application_id = ${queueContent.applicationId}`,
        ),
    },
  ])('refuses a file that $name, with what to do', async ({ code, make }) => {
    const path = newPath()
    await mkdir(join(path, '..'))
    make(path)
    try {
      openSqliteBroker(path)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(PermanentError)
      expect(error).toMatchObject({ code, message: expect.stringContaining(path) })
    }
  })

  it('refuses a place where there can be no directory, with what to do', async () => {
    const file = newPath()
    await openSqliteBroker(file).close()
    expect(() => openSqliteBroker(join(file, 'queues.db'))).toThrow(/Name a directory that can be written/)
  })

  it('says of what it cannot know that it may work later', async () => {
    const { broker } = openAt(newPath())
    await broker.declareQueues([{ name: deadQueue }])
    const publishing = broker.publish({ kind: 'queue', queue: deadQueue }, message('m1'))
    await broker.close()
    // It was on its way before the end.
    await expect(publishing).resolves.toBe('confirmed')
    await expect(broker.publish({ kind: 'queue', queue: deadQueue }, message('m2'))).rejects.toThrow(TransientError)
  })
})

function run(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

/** Of all buffers that somebody holds. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().arrayBuffers
}
