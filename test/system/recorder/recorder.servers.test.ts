import { pino } from 'pino'
import { afterEach, expect, it, vi } from 'vitest'
import { openAmqpBroker } from '../../../runtime/broker/amqp/open-amqp-broker.ts'
import type { Broker } from '../../../runtime/broker/broker.ts'
import { deadQueue, eventsQueue } from '../../../runtime/broker/broker.ts'
import { systemClock } from '../../../runtime/clock.ts'
import type { EventBatcher } from '../../../runtime/recorder/event-batcher.ts'
import { openEventPublisher } from '../../../runtime/recorder/event-publisher.ts'
import { openRecorder } from '../../../runtime/recorder/recorder.ts'
import { headersOf, run, stepEvent } from '../../../runtime/store/conformance/store-promise.ts'
import { openMongoStore } from '../../../runtime/store/mongo/open-mongo-store.ts'
import type { Store } from '../../../runtime/store/store.ts'
import { encodeBody } from '../../../runtime/wire/body.ts'
import { openMongo } from '../../env/mongo.ts'
import { describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'

const log = pino({ level: 'silent' })
const patience = { timeout: 60_000, interval: 200 }
const failures = [{ step: 'store', attempt: 5, code: 'Boom', message: 'no', at: '2026-01-01T00:00:00.000Z' }]

describeOnServers('the recorder', ({ rabbit, mongo }) => {
  const closing: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  })

  async function open(storeUrl: string) {
    const vhost = await freshVhost(rabbit)
    closing.push(vhost.close)
    const connect = async (connectionName: string): Promise<Broker> => {
      const broker = await openAmqpBroker({ url: vhost.amqpUrl, connectionName, log })
      closing.push(broker.close)
      return broker
    }
    const store = await openMongoStore({ url: storeUrl, log })
    closing.push(store.close)
    const runner = await connect('runner')
    const publisher = openEventPublisher({ broker: runner, clock: systemClock, log })
    closing.push(publisher.close)
    const record = async () => {
      const broker = await connect('recorder')
      const recorder = await openRecorder({ broker, store, clock: systemClock, log, namespaceOf: () => 'default' })
      closing.push(recorder.close)
      return recorder
    }
    return { store, runner, publisher, record }
  }

  it('writes nothing twice and loses nothing when MongoDB is stopped and comes back', async () => {
    const server = await openMongo()
    closing.push(server.close)
    const { store, runner, publisher, record } = await open(server.url)
    const recorder = await record()
    observe(publisher, 'before', 1000)
    await bury(runner, 'before', 20)
    await vi.waitFor(async () => expect(await recorded(store, 'before')).toEqual([1000, 20]), patience)

    await server.stop()
    observe(publisher, 'during', 1000)
    await bury(runner, 'during', 20)
    await publisher.flush()
    await server.start()
    observe(publisher, 'after', 10)
    await vi.waitFor(async () => expect(await recorded(store, 'during')).toEqual([1000, 20]), patience)
    await vi.waitFor(async () => expect(await recorded(store, 'after')).toEqual([10, 0]), patience)
    expect(await recorded(store, 'before')).toEqual([1000, 20])
    expect(recorder.dropped()).toBe(0)
    await vi.waitFor(async () => expect(await unfinished(runner)).toEqual([0, 0]), patience)
  })

  it('finds what was observed and what died before it was there, and counts what was lost at the head of the queue', async () => {
    const database = freshDatabase(mongo)
    closing.push(database.close)
    const { store, runner, publisher, record } = await open(database.url)
    await bury(runner, 'early', 5)
    for (let batch = 0; batch < 520; batch += 1) {
      observe(publisher, 'early', 2)
      await publisher.flush()
    }
    const recorder = await record()
    await vi.waitFor(async () => expect((await recorded(store, 'early'))[1]).toBe(5), patience)
    // What is gathered for the next write is no longer in the queue, and not in the store yet.
    await vi.waitFor(async () => {
      const [events] = await recorded(store, 'early')
      expect(events + recorder.dropped()).toBe(1040)
    }, patience)
    expect(await unfinished(runner)).toEqual([0, 0])
    // RabbitMQ may keep a few more than it is told while it is busy.
    expect(recorder.dropped()).toBeGreaterThan(0)
    expect(await store.runs.dropped()).toBe(recorder.dropped())
  })

  it('writes what a recorder that is gone had not acknowledged, once', async () => {
    const database = freshDatabase(mongo)
    closing.push(database.close)
    const { store, publisher, record } = await open(database.url)
    const first = await record()
    const writing = vi.waitFor(async () => expect((await recorded(store, 'r'))[0]).toBe(20_000), patience)
    for (let batch = 0; batch < 40; batch += 1) {
      publisher.observe({ kind: 'run', run: run('flow', 0, 'r') })
      observe(publisher, 'r', 500)
      await publisher.flush()
      if (batch === 20) await Promise.all([first.close(), record()])
    }
    await writing
    expect(await store.runs.dropped()).toBe(0)
    expect(await store.runs.get('r')).toMatchObject({ trigger: 'nightly' })
    expect(await store.runs.list({ flow: 'flow' })).toHaveLength(1)
  })
})

function observe(publisher: EventBatcher, runId: string, count: number): void {
  for (let at = 0; at < count; at += 1) publisher.observe({ kind: 'event', event: stepEvent('flow', runId) })
}

async function bury(broker: Broker, runId: string, count: number): Promise<void> {
  const body = encodeBody({ failures }, Buffer.from('{"data":7}'))
  const headers = { ...headersOf('flow'), run: runId }
  const messages = Array.from({ length: count }, (_, at) => ({ id: `${runId}-${at}`, headers, body }))
  const outcomes = await Promise.all(
    messages.map((message) => broker.publish({ kind: 'queue', queue: deadQueue }, message)),
  )
  expect(new Set(outcomes)).toEqual(new Set(count === 0 ? [] : ['confirmed']))
}

/** How many events and how many dead letters the store has of a run. */
async function recorded(store: Store, runId: string): Promise<[events: number, letters: number]> {
  const events = await store.runs.events(runId)
  expect(new Set(events.map(({ messageId }) => messageId)).size).toBe(events.length)
  const letters = await store.deadLetters.list({ run: runId })
  return [events.length, letters.length]
}

async function unfinished(broker: Broker): Promise<number[]> {
  const depths = await Promise.all([deadQueue, eventsQueue].map((queue) => broker.depth(queue)))
  return depths.map((depth) => (depth?.ready ?? 0) + (depth?.unacknowledged ?? 0))
}
