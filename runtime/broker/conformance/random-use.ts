import fc from 'fast-check'
import { expect } from 'vitest'
import type { Clock, SimulatedClock } from '../../clock.ts'
import { simulatedClock } from '../../clock.ts'
import type { Broker, Delivery, QueueDeclaration } from '../broker.ts'
import type { EmbeddedBroker } from '../embedded-broker.ts'
import { message } from './broker-promise.ts'

export interface OpenedBroker {
  readonly broker: EmbeddedBroker
  /** What is left of it when its process ends as by kill -9 now; absent where nothing is. */
  readonly crash?: () => Promise<OpenedBroker>
}

/** Does at random what can be done with one queue, and holds what comes of it to a model, after each step and at the end. */
export async function randomUse(open: (clock: Clock) => OpenedBroker, singleActiveConsumer: boolean): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (taken) => {
      const clock = simulatedClock()
      const model = emptyModel()
      const bench: Bench = { opened: open(clock), model, clock, singleActiveConsumer }
      await bench.opened.broker.declareQueues([declarationOf(bench)])
      for (const one of taken) {
        await run(one, bench)
        await settled(clock)
        await check(bench)
      }
      await drain(bench)
      expect(model.acknowledged.toSorted(byNumber)).toEqual(Array.from({ length: model.sent }, (_, at) => `${at + 1}`))
      await bench.opened.broker.close()
    }),
    { numRuns: 150 },
  )
}

function declarationOf({ singleActiveConsumer }: Bench): QueueDeclaration {
  return { name: 'q', singleActiveConsumer }
}

function emptyModel(): Model {
  return {
    sent: 0,
    parked: [],
    arrivals: new Set(),
    faults: [],
    acknowledged: [],
    mayBeAgain: new Set(),
    subscriptions: [],
  }
}

/** A commit, a delivery and what these cause take a few turns of the event loop. */
async function settled(clock: SimulatedClock): Promise<void> {
  for (let times = 0; times < 3; times += 1) await clock.advance(0)
}

type Step =
  | { readonly kind: 'publish'; readonly count: number }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'settle'; readonly at: number; readonly as: 'ack' | 'requeue' }
  | { readonly kind: 'subscribe'; readonly prefetch: number }
  | { readonly kind: 'unsubscribe'; readonly at: number }
  | { readonly kind: 'advance'; readonly byMs: number }
  /** Of the process; what cannot outlast it goes on. */
  | { readonly kind: 'crash' }

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
  fc.record({ kind: fc.constant('crash' as const) }),
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
  /** Ids of what was delivered to a process that has crashed. */
  readonly mayBeAgain: Set<string>
  readonly subscriptions: ModelSubscription[]
}

interface Bench {
  opened: OpenedBroker
  readonly model: Model
  readonly singleActiveConsumer: boolean
  readonly clock: ReturnType<typeof simulatedClock>
}

type Steps = { readonly [Kind in Step['kind']]: (one: Extract<Step, { kind: Kind }>, bench: Bench) => Promise<void> }

const steps: Steps = {
  publish: async ({ count }, { opened: { broker }, model }) => {
    for (let sent = 0; sent < count; sent += 1) {
      model.sent += 1
      arrive(model, model.sent)
      void broker.publish({ kind: 'queue', queue: 'q' }, message(`${model.sent}`))
    }
  },
  delay: async ({ delayMs }, { opened: { broker }, model, clock }) => {
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
  subscribe: async ({ prefetch }, { opened: { broker }, model }) => {
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
  crash: async (_one, bench) => {
    const { opened, model } = bench
    if (opened.crash === undefined) return
    const left = await opened.crash()
    await opened.broker.close()
    bench.opened = left
    await left.broker.declareQueues([declarationOf(bench)])
    for (const { held } of model.subscriptions.splice(0))
      for (const { message } of held) model.mayBeAgain.add(message.id)
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
    const { id } = delivery.message
    if (id !== oldest) model.faults.push(`got ${id}, the oldest was ${oldest}`)
    if (model.mayBeAgain.has(id) && !delivery.redelivered) model.faults.push(`${id} was delivered before`)
    held.push(delivery)
  })
  return { prefetch, held, close: subscription.close }
}

/** Of all that nobody holds and nobody has acknowledged. */
function oldestWaiting({ arrivals, acknowledged, subscriptions }: Model): string | undefined {
  const gone = new Set([...acknowledged, ...subscriptions.flatMap(({ held }) => held.map((one) => one.message.id))])
  return [...arrivals.keys()].find((id) => !gone.has(id))
}

async function check({ opened: { broker }, model, singleActiveConsumer }: Bench): Promise<void> {
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

async function drain({ opened: { broker }, model, clock }: Bench): Promise<void> {
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
