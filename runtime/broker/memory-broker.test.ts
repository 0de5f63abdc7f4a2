import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { simulatedClock } from '../clock.ts'
import type { Broker, Delivery } from './broker.ts'
import { unroutedQueue } from './broker.ts'
import { brokerConformance } from './broker-conformance.ts'
import { idsUpTo, message, publishAll, take } from './conformance/broker-promise.ts'
import type { EmbeddedBroker } from './embedded-broker.ts'
import { openMemoryBroker } from './memory-broker.ts'
import { emptyDeque, pushLast, shiftFirst } from '../ring-deque.ts'

brokerConformance('memory', async () => {
  const broker = openMemoryBroker()
  return { connect: async () => broker.connect(), close: broker.close }
})

describe('memory broker', () => {
  it('delivers parked messages at their very times, in the order of the times, under one timer', async () => {
    const clock = simulatedClock(1000)
    const broker = openMemoryBroker({ clock })
    await broker.declareQueues([{ name: 'q' }])
    const seen: string[] = []
    await broker.consume('q', { prefetch: 10 }, (delivery) => {
      seen.push(`${delivery.message.id}@${clock.now()}`)
      delivery.ack()
    })
    for (const [id, delayMs] of [
      ['c', 300],
      ['a', 100],
      ['b', 100],
      ['d', 86_400_000],
    ] as const) {
      await broker.publish({ kind: 'delay', queue: 'q', delayMs }, message(id))
    }
    expect(await clock.runUntilIdle()).toBeLessThanOrEqual(3)
    expect(seen).toEqual(['a@1100', 'b@1100', 'c@1300', 'd@86401000'])
  })

  it('keeps what lost its queue in `unrouted`, whether or not anybody has declared that', async () => {
    const clock = simulatedClock()
    const broker = openMemoryBroker({ clock })
    await broker.publish({ kind: 'delay', queue: 'gone', delayMs: 10 }, message('m1'))
    expect((await broker.depth(unroutedQueue))?.ready).toBeUndefined()
    await clock.runUntilIdle()
    expect((await broker.depth(unroutedQueue))?.ready).toBe(1)
  })

  it('lets timers in between when it has much to deliver', async () => {
    const broker = openMemoryBroker()
    await broker.declareQueues([{ name: 'q' }])
    await publishAll(broker, 'q', ['seed'])
    let count = 0
    const timer = Promise.withResolvers<void>()
    const subscription = await broker.consume('q', { prefetch: 1 }, (delivery) => {
      count += 1
      // In the middle of it; this goes on for ever.
      if (count === 100) setTimeout(timer.resolve, 0)
      void broker.publish({ kind: 'queue', queue: 'q' }, delivery.message)
      delivery.ack()
    })
    await timer.promise
    await subscription.close()
    expect(count).toBeGreaterThanOrEqual(100)
    await broker.close()
  })

  it('goes on delivering to others when a handler throws', async () => {
    const broker = openMemoryBroker()
    await broker.declareQueues([{ name: 'q' }, { name: 'other' }])
    const uncaught: unknown[] = []
    const previous = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => uncaught.push(error))
    try {
      await broker.consume('q', { prefetch: 5 }, () => {
        throw new Error('boom')
      })
      const taker = await take(broker, 'other')
      await publishAll(broker, 'q', ['m1', 'm2'])
      await publishAll(broker, 'other', ['m3'])
      await taker.until(1)
      expect(uncaught).not.toHaveLength(0)
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of previous) process.on('uncaughtException', listener)
    }
    await broker.close()
  })

  it('refuses to open a connection after it was closed', async () => {
    const broker = openMemoryBroker()
    await broker.close()
    expect(() => broker.connect()).toThrow('closed')
  })
})

describe('whenIdle of the memory broker', () => {
  it('waits for what is ready, held, caused and parked, but not for observations', async () => {
    const clock = simulatedClock()
    const broker = openMemoryBroker({ clock })
    await broker.declareQueues([{ name: 'q' }, { name: 'events', dropHeadAbove: 10 }])
    await publishAll(broker, 'events', ['observation'])
    await broker.whenIdle()

    await publishAll(broker, 'q', ['m1'])
    let isIdle = false
    const idle = broker.whenIdle().then(() => {
      isIdle = true
    })
    const states: boolean[] = []
    await broker.consume('q', { prefetch: 1 }, (delivery) => void handle(delivery))
    const handle = async (delivery: Delivery): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve))
      states.push(isIdle)
      if (delivery.message.id === 'm1')
        await broker.publish({ kind: 'delay', queue: 'q', delayMs: 1000 }, message('m2'))
      if (delivery.message.id === 'm2') await broker.publish({ kind: 'queue', queue: 'q' }, message('m3'))
      delivery.ack()
    }
    await clock.advance(999)
    expect(broker.pending()).toEqual({ ready: 0, unacknowledged: 0, parked: 1 })
    await clock.advance(1)
    await idle
    expect(states).toEqual([false, false, false])
    expect(broker.pending()).toEqual({ ready: 0, unacknowledged: 0, parked: 0 })
  })

  it('does not take for the end a moment in which nothing is queued but somebody publishes again in the same turn', async () => {
    const broker = openMemoryBroker()
    await broker.declareQueues([{ name: 'q' }])
    await publishAll(broker, 'q', ['m1'])
    const idle = broker.whenIdle()
    const seen: string[] = []
    await broker.consume('q', { prefetch: 1 }, (delivery) => {
      seen.push(delivery.message.id)
      delivery.ack()
      if (seen.length < 5) void broker.publish({ kind: 'queue', queue: 'q' }, message(`m${seen.length + 1}`))
    })
    await idle
    expect(seen).toEqual(idsUpTo(5))
  })

  it('ends with the reason of its signal, and when the broker is closed', async () => {
    const broker = openMemoryBroker()
    await broker.declareQueues([{ name: 'q' }])
    await publishAll(broker, 'q', ['m1'])
    const abort = new AbortController()
    const aborted = broker.whenIdle(abort.signal)
    const closed = broker.whenIdle()
    const both = Promise.all([
      expect(aborted).rejects.toThrow('enough'),
      expect(closed).rejects.toMatchObject({ code: 'BrokerClosed' }),
    ])
    abort.abort(new Error('enough'))
    await broker.close()
    await both
  })

  it('resolves when the queue that held the last messages is deleted', async () => {
    const broker = openMemoryBroker()
    await broker.declareQueues([{ name: 'q' }])
    await publishAll(broker, 'q', ['m1'])
    const idle = broker.whenIdle()
    await broker.deleteQueue('q')
    await idle
  })
})

type Step =
  | { readonly kind: 'publish'; readonly count: number }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'settle'; readonly at: number; readonly as: 'ack' | 'requeue' }
  | { readonly kind: 'subscribe'; readonly prefetch: number }
  | { readonly kind: 'unsubscribe'; readonly at: number }
  | { readonly kind: 'advance'; readonly byMs: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ kind: fc.constant('delay' as const), delayMs: fc.integer({ min: 1, max: 50 }) }),
  fc.record({
    kind: fc.constant('settle' as const),
    at: fc.nat(1000),
    as: fc.constantFrom('ack' as const, 'requeue' as const),
  }),
  fc.record({ kind: fc.constant('subscribe' as const), prefetch: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant('unsubscribe' as const), at: fc.nat(10) }),
  fc.record({ kind: fc.constant('advance' as const), byMs: fc.integer({ min: 1, max: 40 }) }),
)

interface ModelSubscription {
  readonly prefetch: number
  readonly held: Delivery[]
  readonly close: () => Promise<void>
}

/** The tiny model: numbers in the order in which the queue got them, and who holds what. */
interface Model {
  sent: number
  readonly parked: { readonly number: number; readonly dueAt: number }[]
  /** Ids in the order in which the queue got them. */
  readonly arrivals: Set<string>
  readonly faults: string[]
  readonly acknowledged: string[]
  readonly subscriptions: ModelSubscription[]
}

describe('memory broker under random use', () => {
  it.each([false, true])(
    'loses, doubles and reorders nothing (single active consumer: %s)',
    async (singleActiveConsumer) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (taken) => {
          const clock = simulatedClock()
          const broker = openMemoryBroker({ clock })
          await broker.declareQueues([{ name: 'q', singleActiveConsumer }])
          const model: Model = {
            sent: 0,
            parked: [],
            arrivals: new Set(),
            faults: [],
            acknowledged: [],
            subscriptions: [],
          }
          for (const one of taken) {
            await run(one, { broker, model, clock })
            await clock.advance(0)
            await check(broker, model, singleActiveConsumer)
          }
          await drain(broker, model, clock)
          expect(model.acknowledged.toSorted(byNumber)).toEqual(
            Array.from({ length: model.sent }, (_, at) => `${at + 1}`),
          )
          await broker.close()
        }),
        { numRuns: 150 },
      )
    },
  )
})

interface Bench {
  readonly broker: EmbeddedBroker
  readonly model: Model
  readonly clock: ReturnType<typeof simulatedClock>
}

type Steps = { readonly [Kind in Step['kind']]: (one: Extract<Step, { kind: Kind }>, bench: Bench) => Promise<void> }

const steps: Steps = {
  publish: async ({ count }, { broker, model }) => {
    for (let sent = 0; sent < count; sent += 1) {
      model.sent += 1
      arrive(model, model.sent)
      void broker.publish({ kind: 'queue', queue: 'q' }, message(`${model.sent}`))
    }
  },
  delay: async ({ delayMs }, { broker, model, clock }) => {
    model.sent += 1
    model.parked.push({ number: model.sent, dueAt: clock.now() + delayMs })
    void broker.publish({ kind: 'delay', queue: 'q', delayMs }, message(`${model.sent}`))
  },
  settle: async ({ at, as }, { model }) => {
    const holders = model.subscriptions.filter(({ held }) => held.length > 0)
    const holder = holders[at % holders.length]
    const [delivery] = holder?.held.splice(at % holder.held.length, 1) ?? []
    if (delivery === undefined) return
    if (as === 'ack') model.acknowledged.push(delivery.message.id)
    delivery[as]()
    // Too late to count.
    delivery.ack()
    delivery.requeue()
  },
  subscribe: async ({ prefetch }, { broker, model }) => {
    model.subscriptions.push(await subscribe(broker, model, prefetch))
  },
  unsubscribe: async ({ at }, { model }) => {
    const [subscription] = model.subscriptions.splice(at % (model.subscriptions.length || 1), 1)
    await subscription?.close()
  },
  advance: async ({ byMs }, { model, clock }) => {
    // Before the clock moves on: the order in which the messages will arrive.
    for (const { number } of takeDue(model, clock.now() + byMs)) arrive(model, number)
    await clock.advance(byMs)
  },
}

async function run<Kind extends Step['kind']>(one: Extract<Step, { kind: Kind }>, bench: Bench): Promise<void> {
  await steps[one.kind](one, bench)
}

function arrive(model: Model, number: number): void {
  model.arrivals.add(`${number}`)
}

function takeDue(model: Model, now: number): { readonly number: number }[] {
  const due = model.parked.filter(({ dueAt }) => dueAt <= now).toSorted((left, right) => left.dueAt - right.dueAt)
  for (const one of due) model.parked.splice(model.parked.indexOf(one), 1)
  return due
}

async function subscribe(broker: Broker, model: Model, prefetch: number): Promise<ModelSubscription> {
  const held: Delivery[] = []
  const subscription = await broker.consume('q', { prefetch }, (delivery) => {
    const oldest = oldestWaiting(model)
    if (delivery.message.id !== oldest) model.faults.push(`got ${delivery.message.id}, the oldest was ${oldest}`)
    held.push(delivery)
  })
  return { prefetch, held, close: subscription.close }
}

/** Of all that nobody holds and nobody has acknowledged. */
function oldestWaiting({ arrivals, acknowledged, subscriptions }: Model): string | undefined {
  const gone = new Set([...acknowledged, ...subscriptions.flatMap(({ held }) => held.map((one) => one.message.id))])
  return [...arrivals.keys()].find((id) => !gone.has(id))
}

async function check(broker: Broker, model: Model, singleActiveConsumer: boolean): Promise<void> {
  expect(model.faults).toEqual([])
  const held = model.subscriptions.reduce((sum, one) => sum + one.held.length, 0)
  expect(await broker.depth('q')).toMatchObject({
    ready: model.arrivals.size - model.acknowledged.length - held,
    unacknowledged: held,
    parked: model.parked.length,
    consumers: model.subscriptions.length,
  })
  for (const [at, { held, prefetch }] of model.subscriptions.entries()) {
    expect(held.length).toBeLessThanOrEqual(singleActiveConsumer && at > 0 ? 0 : prefetch)
  }
}

async function drain(broker: EmbeddedBroker, model: Model, clock: Bench['clock']): Promise<void> {
  for (const { number } of takeDue(model, Infinity)) arrive(model, number)
  for (const subscription of model.subscriptions.splice(0)) await subscription.close()
  await broker.consume('q', { prefetch: 3 }, (delivery) => {
    model.acknowledged.push(delivery.message.id)
    delivery.ack()
  })
  await clock.runUntilIdle()
  await broker.whenIdle()
}

function byNumber(left: string, right: string): number {
  return Number(left) - Number(right)
}

describe('ring deque', () => {
  it('behaves as an array does, and gives its places back', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant('shift' as const), fc.integer({ min: 1, max: 100 }))), (operations) => {
        const deque = emptyDeque<number>()
        const model: number[] = []
        let next = 0
        for (const operation of operations) {
          if (operation === 'shift') expect(shiftFirst(deque)).toBe(model.shift())
          else
            for (let count = 0; count < operation; count += 1) {
              pushLast(deque, next)
              model.push(next++)
            }
          expect(deque.size).toBe(model.length)
        }
        while (model.length > 0) expect(shiftFirst(deque)).toBe(model.shift())
        expect(shiftFirst(deque)).toBeUndefined()
        expect(deque.places.length).toBeLessThanOrEqual(16)
      }),
    )
  })
})
