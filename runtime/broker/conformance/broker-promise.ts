import { randomUUID } from 'node:crypto'
import { expect, vi } from 'vitest'
import type { WireMessage } from '../../wire/message.ts'
import type { Broker, Delivery, QueueDeclaration } from '../broker.ts'

/** One promise of the port, and how to see that it is kept. */
export interface BrokerPromise {
  readonly name: string
  readonly check: (bench: BrokerBench) => Promise<void>
}

export interface BrokerBench {
  readonly broker: Broker
  /** A further connection to the same queues; closed after the check. */
  readonly connect: () => Promise<Broker>
  /** Declares a queue under a name of its own; deleted after the check. */
  readonly declare: (properties?: Omit<QueueDeclaration, 'name'>) => Promise<string>
}

export function message(id: string = randomUUID(), body: Buffer = Buffer.from(id)): WireMessage {
  const headers = {
    flow: 'flow-uid',
    revision: 3,
    revisionHash: 'abc',
    run: 'run-1',
    runStartedAt: 1_700_000_000_000,
    trigger: 'nightly',
    at: 'check',
    attempt: 1,
    copy: `copy-${id}`,
    hops: 0,
    tracked: true,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  } as const
  return { id, headers, body }
}

/** Publishes in the given order and sees each confirmed. */
export async function publishAll(broker: Broker, queue: string, ids: readonly string[]): Promise<void> {
  const outcomes = await Promise.all(ids.map((id) => broker.publish({ kind: 'queue', queue }, message(id))))
  expect(new Set(outcomes)).toEqual(new Set(['confirmed']))
}

export function idsUpTo(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `m${at + 1}`)
}

/** A consumer that notes what it gets and settles it as told. */
export interface Taker {
  readonly deliveries: readonly Delivery[]
  readonly ids: () => string[]
  /** Waits until so many deliveries have come. */
  readonly until: (count: number) => Promise<void>
  /** The one with this place in the order of arrival, 0 the first. */
  readonly delivery: (at: number) => Delivery
  readonly close: () => Promise<void>
}

export async function take(
  broker: Broker,
  queue: string,
  {
    prefetch = 100,
    settle = () => undefined,
  }: { readonly prefetch?: number; readonly settle?: (delivery: Delivery) => void } = {},
): Promise<Taker> {
  const deliveries: Delivery[] = []
  const subscription = await broker.consume(queue, { prefetch }, (delivery) => {
    deliveries.push(delivery)
    settle(delivery)
  })
  return {
    deliveries,
    ids: () => deliveries.map((delivery) => delivery.message.id),
    until: (count) => eventually(() => expect(deliveries.length).toBeGreaterThanOrEqual(count)),
    delivery: (at) => {
      const delivery = deliveries[at]
      if (delivery === undefined) throw new Error(`no delivery ${at} has come`)
      return delivery
    },
    close: subscription.close,
  }
}

export function ack(delivery: Delivery): void {
  delivery.ack()
}

/** Waits until the assertion holds. */
export async function eventually(assertion: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(assertion, { timeout: 20_000, interval: 5 })
}

/** Waits until nothing is left in the queue: nothing more can be delivered from it. */
export async function untilEmpty(broker: Broker, queue: string): Promise<void> {
  await eventually(async () => {
    const depth = await broker.depth(queue)
    expect({ ready: depth?.ready, unacknowledged: depth?.unacknowledged ?? 0 }).toEqual({ ready: 0, unacknowledged: 0 })
  })
}
