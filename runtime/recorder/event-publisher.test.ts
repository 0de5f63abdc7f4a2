import { pino } from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Broker } from '../broker/broker.ts'
import { eventsDeclaration, eventsQueue } from '../broker/broker.ts'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import { simulatedClock } from '../clock.ts'
import { PermanentError, TransientError } from '../error.ts'
import { run, stepEvent } from '../store/conformance/store-promise.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import type { MessageHeaders, WireMessage } from '../wire/message.ts'
import type { EventBatcher } from './event-batcher.ts'
import { openEventConsumer } from './event-consumer.ts'
import { openEventPublisher } from './event-publisher.ts'
import { readObservations } from './observation-batch.ts'

const log = pino({ level: 'silent' })
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** Real adapters; either refuses as long as it is told to. */
function world() {
  const clock = simulatedClock(1_700_000_000_000)
  const memory = openMemoryBroker({ clock })
  const kept = openMemoryStore({ clock })
  const refuse: { broker?: Error; declare?: Error; store?: Error; batchOf?: number } = {}
  const broker: Broker = {
    ...memory,
    publish: async (target, message) => {
      if (refuse.broker !== undefined) throw refuse.broker
      return memory.publish(target, message)
    },
    declareQueues: async (queues) => {
      if (refuse.declare !== undefined) throw refuse.declare
      await memory.declareQueues(queues)
    },
  }
  const guarded = async (work: () => Promise<void>): Promise<void> => {
    if (refuse.store !== undefined) throw refuse.store
    await work()
  }
  const store: Store = {
    ...kept,
    runs: {
      ...kept.runs,
      addBatches: async (batches) => {
        const sizes = batches.map((batch) => readObservations(batch).events.length)
        if (sizes.some((size) => size === refuse.batchOf)) throw new PermanentError('TooLarge', 'never')
        await guarded(() => kept.runs.addBatches(batches))
      },
      addDropped: (count) => guarded(() => kept.runs.addDropped(count)),
    },
  }
  closing.push(memory.close)
  const publisher = (): EventBatcher => {
    const opened = openEventPublisher({ broker, clock, log })
    closing.push(opened.close)
    return opened
  }
  const consumer = async () => {
    const opened = await openEventConsumer({ broker, store, clock, log })
    closing.push(opened.close)
    return opened
  }
  const observe = (to: EventBatcher, count: number, runId = 'r1'): void => {
    for (let at = 0; at < count; at += 1) {
      to.observe({ kind: 'event', event: stepEvent('flow', runId, { at: clock.now() }) })
    }
  }
  return { clock, memory, store, refuse, publisher, consumer, observe }
}

const down = new TransientError('Unreachable', 'not now')

describe('observations on their way to a recorder', () => {
  it('are published in batches, with the queue declared by the first, and written', async () => {
    const { clock, memory, store, publisher, consumer, observe } = world()
    const sender = publisher()
    sender.observe({ kind: 'run', run: run('flow', 0, 'r1') })
    observe(sender, 1300)
    await clock.advance(200)
    expect(await memory.depth(eventsQueue)).toMatchObject({ ready: 3 })
    await consumer()
    await clock.advance(1000)
    expect(await store.runs.events('r1')).toHaveLength(1300)
    expect(await store.runs.get('r1')).toBeDefined()
    expect(await memory.depth(eventsQueue)).toMatchObject({ ready: 0, unacknowledged: 0 })
    expect(await store.runs.dropped()).toBe(0)
  })

  it('are written at once after a rest; what comes within a second of that is written together at its end, or when 20 batches wait', async () => {
    const { clock, memory, store, publisher, consumer, observe } = world()
    const sender = publisher()
    await consumer()
    const sendBatches = async (count: number): Promise<void> => {
      for (let batch = 0; batch < count; batch += 1) {
        observe(sender, 1)
        await sender.flush()
      }
      await clock.advance(0)
    }
    const written = async (): Promise<number> => (await store.runs.events('r1')).length
    await sendBatches(1)
    expect(await written()).toBe(1)
    await sendBatches(19)
    expect(await written()).toBe(1)
    await clock.advance(999)
    expect(await written()).toBe(1)
    expect(await memory.depth(eventsQueue)).toMatchObject({ unacknowledged: 19 })
    await clock.advance(1)
    expect(await written()).toBe(20)
    await sendBatches(20)
    expect(await written()).toBe(40)
    expect(await memory.depth(eventsQueue)).toMatchObject({ unacknowledged: 0 })
  })

  it('are written beside a batch that the store refuses for good, and that alone is counted', async () => {
    const { clock, memory, store, refuse, publisher, consumer, observe } = world()
    const sender = publisher()
    observe(sender, 1300)
    await clock.advance(200)
    refuse.batchOf = 300
    const recorder = await consumer()
    await clock.advance(1000)
    expect(await store.runs.events('r1')).toHaveLength(1000)
    expect(recorder.missed()).toBe(300)
    expect(await memory.depth(eventsQueue)).toMatchObject({ ready: 0, unacknowledged: 0 })
  })

  it('wait for their queue where the user may not declare it, and are written when another has', async () => {
    const { clock, memory, store, refuse, publisher, consumer, observe } = world()
    refuse.declare = new PermanentError(
      'BrokerAccessRefused',
      'RabbitMQ has no queue "events", and it may not be declared',
    )
    const sender = publisher()
    observe(sender, 700)
    await clock.advance(10_000)
    expect(sender.dropped()).toBe(0)
    await memory.declareQueues([eventsDeclaration])
    delete refuse.declare
    await consumer()
    await clock.advance(2000)
    expect(await store.runs.events('r1')).toHaveLength(700)
  })

  it('wait for the broker up to a bound; what is beyond it is counted by both ends, also at the end of a process', async () => {
    const { clock, store, refuse, publisher, consumer, observe } = world()
    const sender = publisher()
    refuse.broker = down
    observe(sender, 10_010)
    await clock.advance(60_000)
    observe(sender, 5)
    expect(sender.dropped()).toBe(15)
    delete refuse.broker
    await clock.advance(1000)
    await sender.close()
    const recorder = await consumer()
    await clock.advance(1)
    expect(await store.runs.events('r1')).toHaveLength(10_000)
    expect(recorder.missed()).toBe(15)
    expect(await store.runs.dropped()).toBe(15)
  })

  it('are counted when they are lost at the head of the queue, by the recorder that comes after another', async () => {
    const { clock, memory, store, publisher, consumer, observe } = world()
    const sender = publisher()
    observe(sender, 10)
    await clock.advance(200)
    const first = await consumer()
    await clock.advance(1)
    await first.close()
    for (let batch = 0; batch < 510; batch += 1) {
      observe(sender, 3)
      await sender.flush()
    }
    const second = await consumer()
    await vi.waitFor(async () => expect(await memory.depth(eventsQueue)).toMatchObject({ ready: 0, unacknowledged: 0 }))
    expect(second.missed()).toBe(30)
    expect(await store.runs.dropped()).toBe(30)
    expect(await store.runs.events('r1')).toHaveLength(10 + 3 * 500)
  })

  it('stay unacknowledged while the store is down, and are written when it is back', async () => {
    const { clock, memory, store, refuse, publisher, consumer, observe } = world()
    const sender = publisher()
    const recorder = await consumer()
    refuse.store = down
    observe(sender, 700)
    await clock.advance(60_000)
    expect(await memory.depth(eventsQueue)).toMatchObject({ unacknowledged: 2 })
    delete refuse.store
    await clock.advance(5000)
    expect(await store.runs.events('r1')).toHaveLength(700)
    expect(recorder.missed()).toBe(0)
  })

  it('are given up after minutes without a store, and counted when it is back', async () => {
    const { clock, memory, store, refuse, publisher, consumer, observe } = world()
    const sender = publisher()
    const recorder = await consumer()
    observe(sender, 1)
    await clock.advance(200)
    refuse.store = down
    observe(sender, 40)
    await clock.advance(400_000)
    expect(await memory.depth(eventsQueue)).toMatchObject({ ready: 0, unacknowledged: 0 })
    delete refuse.store
    observe(sender, 2, 'r2')
    await clock.advance(1000)
    expect(await store.runs.events('r2')).toHaveLength(2)
    expect(recorder.missed()).toBe(40)
    expect(await store.runs.dropped()).toBe(40)
  })

  it('that the store refuses for good, or that are no observations, are counted and out of the way', async () => {
    const { clock, memory, store, refuse, publisher, consumer, observe } = world()
    const sender = publisher()
    const recorder = await consumer()
    refuse.store = new PermanentError('TooLarge', 'never')
    observe(sender, 4)
    await clock.advance(200)
    expect(recorder.missed()).toBe(4)
    delete refuse.store
    const rubbish = { id: 'x', headers: {} as MessageHeaders, body: Buffer.from('rubbish') } // not ours
    await memory.publish({ kind: 'queue', queue: eventsQueue }, rubbish)
    await clock.advance(60_000)
    expect(await memory.depth(eventsQueue)).toMatchObject({ ready: 0, unacknowledged: 0 })
    expect(recorder.missed()).toBe(5)
    observe(sender, 4)
    await clock.advance(200)
    expect(await store.runs.events('r1')).toHaveLength(4)
  })

  it('are written once when the broker gives them twice, to the same recorder or to the next', async () => {
    const { clock, memory, store, publisher, consumer, observe } = world()
    const sent: WireMessage[] = []
    await memory.declareQueues([eventsDeclaration])
    const seen = await memory.consume(eventsQueue, { prefetch: 1 }, ({ message, requeue }) => {
      sent.push(message)
      requeue()
    })
    const sender = publisher()
    sender.observe({ kind: 'run', run: run('flow', 0, 'r1') })
    observe(sender, 7)
    await clock.advance(200)
    await seen.close()
    const [batch] = sent
    const again = () => memory.publish({ kind: 'queue', queue: eventsQueue }, batch!)
    const first = await consumer()
    await again()
    observe(sender, 2)
    await clock.advance(200)
    await again()
    await clock.advance(1)
    await first.close()
    await again()
    const second = await consumer()
    await clock.advance(1000)
    expect(await memory.depth(eventsQueue)).toMatchObject({ ready: 0, unacknowledged: 0 })
    expect(await store.runs.events('r1')).toHaveLength(9)
    expect(await store.runs.list({})).toHaveLength(1)
    expect([first.missed(), second.missed(), await store.runs.dropped()]).toEqual([0, 0, 0])
  })

  it('are left in the queue by a recorder that is closed while it cannot write', async () => {
    const { clock, memory, store, refuse, publisher, consumer, observe } = world()
    const sender = publisher()
    const first = await consumer()
    refuse.store = down
    observe(sender, 7)
    await clock.advance(1000)
    await first.close()
    expect(await memory.depth(eventsQueue)).toMatchObject({ ready: 1, unacknowledged: 0 })
    delete refuse.store
    const second = await consumer()
    await clock.advance(1)
    expect(await store.runs.events('r1')).toHaveLength(7)
    expect(second.missed()).toBe(0)
  })

  it('do not keep a process from ending: what is not taken within seconds is dropped', async () => {
    const { clock, publisher, observe } = world()
    const hanging = openEventPublisher({
      broker: { publish: () => new Promise(() => {}), declareQueues: async () => {} },
      clock,
      log,
    })
    observe(hanging, 12)
    const closed = hanging.close()
    await clock.advance(5000)
    await closed
    expect(hanging.dropped()).toBe(12)
    await publisher().close()
  })

  it('are bounded in what they say of an error', async () => {
    const { clock, store, publisher, consumer } = world()
    const sender = publisher()
    await consumer()
    for (let at = 0; at < 3; at += 1) {
      sender.observe({
        kind: 'event',
        event: stepEvent('flow', 'r1', { at: clock.now(), error: 'x'.repeat(1_000_000) }),
      })
    }
    await clock.advance(200)
    const [event] = await store.runs.events('r1')
    expect(event?.error).toHaveLength(1001)
  })
})
