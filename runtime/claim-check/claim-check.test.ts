import { createHash, randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { sampleHeaders } from '../../test/samples/sample-message.ts'
import type { Broker, Delivery } from '../broker/broker.ts'
import { deadQueue } from '../broker/broker.ts'
import { brokerConformance } from '../broker/broker-conformance.ts'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import { simulatedClock, systemClock } from '../clock.ts'
import { TransientError } from '../error.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import type { BlobStore } from '../store/store.ts'
import { carriedOf, encodeBody, payloadOf } from '../wire/body.ts'
import type { WireMessage } from '../wire/message.ts'
import { withClaimCheck } from './claim-check.ts'

const log = pino({ level: 'silent' })
const queue = 'flow.step.hash.1'

/** The suite's bodies in the form of a message's, and back. */
function encoding(broker: Broker): Broker {
  return {
    ...broker,
    publish: (target, message) => broker.publish(target, { ...message, body: encodeBody({}, message.body) }),
    consume: (queue, options, onDelivery) =>
      broker.consume(queue, options, (delivery) =>
        onDelivery({ ...delivery, message: { ...delivery.message, body: payloadOf(delivery.message.body) } }),
      ),
  }
}

brokerConformance('a claim check that takes every body', async () => {
  const broker = openMemoryBroker()
  const store = openMemoryStore()
  return {
    connect: async () =>
      encoding(withClaimCheck(broker.connect(), store, { clock: systemClock, log, thresholdBytes: -1 })),
    close: broker.close,
  }
})

function message(id: string, payload: Buffer): WireMessage {
  const headers = sampleHeaders({ flow: 'flow-uid', at: 'step', copy: `copy-${id}` })
  return { id, headers, body: encodeBody({ trigger: { data: { id } } }, payload) }
}

/** A store that can be stopped, or silenced until it speaks, and counts. */
function fallibleBlobs(blobs: BlobStore) {
  const speaking = Promise.withResolvers<void>()
  const state = { isDown: false, isSilent: false, speak: speaking.resolve, puts: 0, gets: 0 }
  const ask = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (state.isSilent) await speaking.promise
    if (state.isDown) throw new TransientError('StoreUnreachable', 'the store is down')
    return work()
  }
  const counted: BlobStore = {
    put: (...given) => {
      state.puts += 1
      return ask(() => blobs.put(...given))
    },
    get: (id) => {
      state.gets += 1
      return ask(() => blobs.get(id))
    },
  }
  return { state, blobs: counted }
}

const opened: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

interface BenchOptions {
  readonly singleActiveConsumer?: boolean
  readonly heldPerSubscription?: number
  readonly keepMs?: number
}

async function bench(options: BenchOptions = {}) {
  const clock = simulatedClock(1_700_000_000_000)
  const memory = openMemoryBroker({ clock })
  const below = memory.connect()
  const { blobs: kept, trackedRuns } = openMemoryStore({ clock })
  const { state, blobs } = fallibleBlobs(kept)
  const store = { blobs, trackedRuns: { ...trackedRuns } }
  const broker = withClaimCheck(memory.connect(), store, {
    clock,
    log,
    thresholdBytes: 100,
    keepMs: 1000,
    ...options,
  })
  opened.push(memory.close)
  const { singleActiveConsumer = false } = options
  await broker.declareQueues([{ name: queue, singleActiveConsumer }, { name: deadQueue }])
  const takeFrom = async (from: Broker, name = queue) => {
    const deliveries: Delivery[] = []
    const subscription = await from.consume(name, { prefetch: 100 }, (delivery) => deliveries.push(delivery))
    return { deliveries, subscription, ids: () => deliveries.map(({ message }) => message.id) }
  }
  const publish = (message: WireMessage) => broker.publish({ kind: 'queue', queue }, message)
  return { clock, below, broker, state, store, takeFrom, publish }
}

const large = randomBytes(5000)
const small = Buffer.from('{"data":1}')

describe('claim check', () => {
  it('puts a large body beside the queue, under the hash of its content, and back into its place', async () => {
    const { below, broker, store, takeFrom, publish } = await bench()
    const sent = message('m1', large)
    expect(await publish(sent)).toBe('confirmed')
    const bare = await takeFrom(below)
    await vi.waitFor(() => expect(bare.deliveries).toHaveLength(1))
    const { headers, body } = bare.deliveries[0]!.message
    expect(headers).toEqual({ ...sent.headers, blob: createHash('sha256').update(large).digest('hex') })
    expect(carriedOf(body)).toEqual({ trigger: { data: { id: 'm1' } } })
    expect(payloadOf(body)).toHaveLength(0)
    expect(await store.blobs.get(headers.blob!)).toEqual(large)
    await bare.subscription.close()

    const whole = await takeFrom(broker)
    await vi.waitFor(() => expect(whole.deliveries).toHaveLength(1))
    expect(whole.deliveries[0]!.message).toEqual(sent)
    expect(whole.deliveries[0]!.redelivered).toBe(true)
  })

  it('leaves small messages alone: their bytes are the same, and the store is not asked', async () => {
    const { broker, state, takeFrom, publish } = await bench()
    state.isDown = true
    const sent = message('m1', small)
    const rubbish = { ...message('m2', small), body: Buffer.alloc(5000, '{') }
    await publish(sent)
    await publish(rubbish)
    const taken = await takeFrom(broker)
    await vi.waitFor(() => expect(taken.ids()).toEqual(['m1', 'm2']))
    expect(taken.deliveries[0]!.message.body).toBe(sent.body)
    expect(taken.deliveries[1]!.message.body).toBe(rubbish.body)
    expect(state).toMatchObject({ puts: 0, gets: 0 })
  })

  it('keeps a parked body for as long as it is parked, and longer', async () => {
    const { clock, broker, takeFrom } = await bench()
    const taken = await takeFrom(broker)
    await broker.publish({ kind: 'delay', queue, delayMs: 80_000_000 }, message('m1', large))
    await clock.advance(80_000_500)
    await vi.waitFor(() => expect(taken.ids()).toEqual(['m1']))
    expect(payloadOf(taken.deliveries[0]!.message.body)).toEqual(large)
  })

  it('makes a dead letter of a message whose body is gone, and tells who waits for an answer', async () => {
    const { clock, below, broker, takeFrom, publish } = await bench()
    await broker.declareQueues([{ name: 'replies' }])
    const sent = message('m1', large)
    await publish({ ...sent, headers: { ...sent.headers, replyTo: 'replies' } })
    await clock.advance(1001)
    const taken = await takeFrom(broker)
    const dead = await takeFrom(broker, deadQueue)
    const replies = await takeFrom(below, 'replies')
    await vi.waitFor(() => expect([...dead.ids(), ...replies.ids()]).toHaveLength(2))
    const { headers, body } = dead.deliveries[0]!.message
    expect(headers).not.toHaveProperty('blob')
    expect(carriedOf(body)).toMatchObject({
      trigger: { data: { id: 'm1' } },
      failures: [
        { step: 'step', attempt: 1, code: 'BodyMissing', message: expect.stringContaining('not in the store') },
      ],
    })
    expect(JSON.parse(replies.deliveries[0]!.message.body.toString())).toMatchObject({
      kind: 'failed',
      code: 'BodyMissing',
    })
    expect(taken.deliveries).toEqual([])
    await vi.waitFor(async () => expect(await below.depth(queue)).toMatchObject({ ready: 0, unacknowledged: 0 }))
  })

  it('takes a message whose body is gone off its tracked run, in the end even where the store fails at first', async () => {
    const { clock, below, broker, store, takeFrom, publish } = await bench()
    const sent = message('m1', large)
    await store.trackedRuns.add('flow-uid', 'r', ['m1'])
    await publish({ ...sent, headers: { ...sent.headers, tracked: true } })
    await clock.advance(1001)
    const { remove } = store.trackedRuns
    let failures = 2
    store.trackedRuns.remove = async (...given) => {
      if (failures-- > 0) throw new TransientError('StoreUnreachable', 'the store is down')
      return remove(...given)
    }
    await takeFrom(broker)
    await vi.waitFor(async () => expect(await below.depth(deadQueue)).toMatchObject({ ready: 1 }))
    expect(await store.trackedRuns.active('flow-uid')).toEqual(['r'])
    expect(await below.depth(queue)).toMatchObject({ unacknowledged: 1 })
    await clock.advance(1000)
    await vi.waitFor(async () => expect(await below.depth(queue)).toMatchObject({ unacknowledged: 0 }))
    expect(await store.trackedRuns.active('flow-uid')).toEqual([])
  })

  it('keeps the message until its dead letter is safe', async () => {
    const { clock, below, broker, takeFrom, publish } = await bench()
    await publish(message('m1', large))
    await clock.advance(1001)
    await below.deleteQueue(deadQueue)
    await takeFrom(broker)
    await clock.advance(5000)
    expect(await below.depth(queue)).toMatchObject({ unacknowledged: 1 })
    await below.declareQueues([{ name: deadQueue }])
    await clock.advance(20_000)
    await vi.waitFor(async () => expect(await below.depth(deadQueue)).toMatchObject({ ready: 1 }))
    await vi.waitFor(async () => expect(await below.depth(queue)).toMatchObject({ unacknowledged: 0 }))
  })

  it('refuses a large publish while the store does not answer; small ones go on', async () => {
    const { state, publish } = await bench()
    state.isDown = true
    const outcomes = await Promise.allSettled([publish(message('m1', large)), publish(message('m2', small))])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    state.isDown = false
    expect(await publish(message('m1', large))).toBe('confirmed')
  })

  it('lets a large delivery wait, unacknowledged, until the store answers again; others overtake it', async () => {
    const { clock, below, broker, state, takeFrom, publish } = await bench({ keepMs: 1e9 })
    for (const [id, body] of [
      ['m1', small],
      ['m2', large],
      ['m3', small],
    ] as const)
      await publish(message(id, body))
    state.isDown = true
    const taken = await takeFrom(broker)
    await clock.advance(60_000)
    expect(taken.ids()).toEqual(['m1', 'm3'])
    expect(await below.depth(queue)).toMatchObject({ unacknowledged: 3 })
    state.isDown = false
    await clock.advance(10_000)
    await vi.waitFor(() => expect(taken.ids()).toEqual(['m1', 'm3', 'm2']))
  })

  it('holds nobody up for longer than a second behind a store that says nothing, on a queue that another has declared', async () => {
    const { clock, below, store, state, takeFrom, publish } = await bench({ keepMs: 1e9 })
    const consumer = withClaimCheck(below, store, { clock, log, thresholdBytes: 100, heldPerSubscription: 1 })
    for (const id of ['m1', 'm2']) await publish(message(id, Buffer.concat([large, Buffer.from(id)])))
    await publish(message('m3', small))
    state.isSilent = true
    const taken = await takeFrom(consumer)
    await clock.advance(1000)
    expect(taken.ids()).toEqual(['m3'])
    state.isSilent = false
    await publish(message('m4', large))
    state.isSilent = true
    await publish(message('m5', small))
    await clock.advance(1)
    expect(taken.ids()).toEqual(['m3', 'm5'])
    state.speak()
    await vi.waitFor(() => expect(taken.ids()).toEqual(['m3', 'm5', 'm1']))
    for (const count of [4, 5]) {
      taken.deliveries.at(-1)!.ack()
      await vi.waitFor(() => expect(taken.ids()).toEqual(['m3', 'm5', 'm1', 'm2', 'm4'].slice(0, count)))
    }
  })

  it('lets nothing overtake in an ordered queue, and gives all back in their order when it takes too long', async () => {
    const { clock, broker, state, takeFrom, publish } = await bench({ singleActiveConsumer: true, keepMs: 1e9 })
    for (const [id, body] of [
      ['m1', large],
      ['m2', small],
      ['m3', large],
    ] as const)
      await publish(message(id, body))
    state.isDown = true
    const taken = await takeFrom(broker)
    await clock.advance(900_000)
    expect(taken.ids()).toEqual([])
    state.isDown = false
    await clock.advance(10_000)
    await vi.waitFor(() => expect(taken.ids()).toEqual(['m1', 'm2', 'm3']))
    expect(taken.deliveries[0]!.redelivered).toBe(true)
  })

  it('gives back what waits when the subscription, or all, is closed; nothing comes after', async () => {
    const { clock, below, broker, state, takeFrom, publish } = await bench()
    await publish(message('m1', large))
    state.isDown = true
    const taken = await takeFrom(broker)
    await clock.advance(1000)
    await taken.subscription.close()
    expect(await below.depth(queue)).toMatchObject({ ready: 1, unacknowledged: 0 })
    const again = await takeFrom(broker)
    await clock.advance(1000)
    await broker.close()
    state.isDown = false
    await clock.advance(100_000)
    expect([...taken.ids(), ...again.ids()]).toEqual([])
    expect(await below.depth(queue)).toMatchObject({ ready: 1, unacknowledged: 0 })
  })

  it('has a bounded number of large bodies in memory: the next is fetched when one is settled', async () => {
    const { clock, broker, state, takeFrom, publish } = await bench({ heldPerSubscription: 2 })
    for (let at = 0; at < 5; at += 1) await publish(message(`m${at}`, randomBytes(5000)))
    const taken = await takeFrom(broker)
    await clock.advance(10)
    expect(taken.ids()).toEqual(['m0', 'm1'])
    expect(state.gets).toBe(2)
    taken.deliveries[1]!.ack()
    taken.deliveries[1]!.ack()
    await vi.waitFor(() => expect(taken.ids()).toEqual(['m0', 'm1', 'm2']))
    taken.deliveries[0]!.requeue()
    await clock.advance(10)
    expect(taken.ids()).toHaveLength(4)
  })
})
