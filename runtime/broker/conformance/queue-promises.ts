import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { TransientError } from '../../error.ts'
import type { Delivery } from '../broker.ts'
import { unroutedQueue } from '../broker.ts'
import type { BrokerPromise } from './broker-promise.ts'
import { ack, eventually, idsUpTo, message, publishAll, take } from './broker-promise.ts'

/** What holds for queues and connections themselves. */
export const queuePromises: readonly BrokerPromise[] = [
  {
    name: 'says `unroutable` for a queue that nobody has declared, and for one that was deleted',
    check: async ({ broker, declare }) => {
      const queue = `nobody-${randomUUID()}`
      expect(await broker.publish({ kind: 'queue', queue }, message())).toBe('unroutable')
      const gone = await declare()
      await publishAll(broker, gone, ['m1'])
      await broker.deleteQueue(gone)
      expect(await broker.publish({ kind: 'queue', queue: gone }, message())).toBe('unroutable')
      expect(await broker.depth(gone)).toBeUndefined()
      await broker.deleteQueue(gone)
      await broker.declareQueues([{ name: gone }])
      expect(await broker.depth(gone)).toMatchObject({ ready: 0, consumers: 0 })
    },
  },
  {
    name: 'keeps what is in a queue when it is declared again',
    check: async ({ broker, connect, declare }) => {
      const queue = await declare({ singleActiveConsumer: true })
      await publishAll(broker, queue, ['m1', 'm2'])
      await (await connect()).declareQueues([{ name: queue, singleActiveConsumer: true }])
      await eventually(async () => expect(await broker.depth(queue)).toMatchObject({ ready: 2 }))
    },
  },
  {
    name: 'refuses to declare a queue with other properties, and goes on',
    check: async ({ broker, declare }) => {
      const queue = await declare()
      await expect(broker.declareQueues([{ name: queue, singleActiveConsumer: true }])).rejects.toMatchObject({
        name: 'PermanentError',
        code: 'QueueMismatch',
      })
      await publishAll(broker, queue, ['m1'])
      const taker = await take(broker, queue, { settle: ack })
      await taker.until(1)
    },
  },
  {
    name: 'refuses to consume a queue that is not there, and a prefetch below 1, and goes on',
    check: async ({ broker, declare }) => {
      const options = { prefetch: 1 }
      await expect(broker.consume(`nobody-${randomUUID()}`, options, ack)).rejects.toMatchObject({
        code: 'QueueNotFound',
      })
      const queue = await declare()
      await expect(broker.consume(queue, { prefetch: 0 }, ack)).rejects.toThrow(RangeError)
      await publishAll(broker, queue, ['m1'])
      await (await take(broker, queue, { settle: ack })).until(1)
    },
  },
  {
    name: 'tells what is ready and who consumes',
    check: async ({ broker, connect, declare }) => {
      const queue = await declare()
      expect(await broker.depth(`nobody-${randomUUID()}`)).toBeUndefined()
      await publishAll(broker, queue, idsUpTo(5))
      const taker = await take(await connect(), queue, { prefetch: 2 })
      await taker.until(2)
      await eventually(async () => {
        const depth = await broker.depth(queue)
        expect(depth).toMatchObject({ ready: 3, consumers: 1 })
        expect(depth?.unacknowledged ?? 2).toBe(2)
      })
      await taker.close()
      await eventually(async () => expect(await broker.depth(queue)).toMatchObject({ ready: 5, consumers: 0 }))
    },
  },
  {
    name: 'ends the subscriptions of a deleted queue and tells them; what they settle then does nothing',
    check: async ({ broker, connect, declare }) => {
      const queue = await declare()
      await publishAll(broker, queue, ['m1'])
      const reasons: Error[] = []
      const settlements: (() => void)[] = []
      const onEnd = (reason: Error): void => void reasons.push(reason)
      await broker.consume(queue, { prefetch: 1, onEnd }, (delivery) =>
        settlements.push(delivery.ack, delivery.requeue),
      )
      await eventually(() => expect(settlements).toHaveLength(2))
      await (await connect()).deleteQueue(queue)
      await eventually(() => expect(reasons).toHaveLength(1))
      for (const settle of settlements) settle()
      await broker.declareQueues([{ name: queue }])
      await publishAll(broker, queue, ['m2'])
      const taker = await take(broker, queue, { settle: ack })
      await taker.until(1)
      expect(taker.ids()).toEqual(['m2'])
    },
  },
  {
    name: 'ends the subscriptions of many queues that are deleted, and interrupts no other',
    check: async ({ broker, connect, declare }) => {
      const stays = await declare()
      const told: string[] = []
      const taken: string[] = []
      const other = await connect()
      const options = { prefetch: 1, onEnd: () => told.push('end'), onInterrupted: () => told.push('interruption') }
      await other.consume(stays, options, ({ message: { id }, ack: settle }) => {
        taken.push(id)
        settle()
      })
      const gone = await Promise.all(Array.from({ length: 20 }, () => declare()))
      const ended: unknown[] = []
      for (const queue of gone) await other.consume(queue, { prefetch: 1, onEnd: (reason) => ended.push(reason) }, ack)
      await Promise.all(gone.map((queue) => broker.deleteQueue(queue)))
      await eventually(() => expect(ended).toHaveLength(gone.length))
      for (const reason of ended) expect(reason).toMatchObject({ code: 'QueueDeleted' })
      await publishAll(broker, stays, ['m1'])
      await eventually(() => expect(taken).toEqual(['m1']))
      expect(told).toEqual([])
    },
  },
  {
    name: 'drops the oldest above a bound that was asked for, and counts them where it can',
    check: async ({ broker, declare }) => {
      const queue = await declare({ dropHeadAbove: 3 })
      await publishAll(broker, queue, idsUpTo(10))
      await eventually(async () => expect(await broker.depth(queue)).toMatchObject({ ready: 3 }))
      expect((await broker.depth(queue))?.dropped ?? 7).toBe(7)
      const taker = await take(broker, queue, { settle: ack })
      await taker.until(3)
      expect(taker.ids()).toEqual(['m8', 'm9', 'm10'])
    },
  },
  {
    name: 'takes nothing more for an unbound queue, delivers what it holds, and binds it again by declaring it',
    check: async ({ broker, connect, declare }) => {
      const queue = await declare()
      await publishAll(broker, queue, ['m1'])
      await broker.publish({ kind: 'delay', queue, delayMs: 100 }, message('parked'))
      await broker.unbindQueue(queue)
      await broker.unbindQueue(queue)
      expect(await broker.publish({ kind: 'queue', queue }, message())).toBe('unroutable')
      const unrouted = await take(await connect(), unroutedQueue, { settle: ack })
      await eventually(() => expect(unrouted.ids()).toContain('parked'))
      const taker = await take(broker, queue, { settle: ack })
      await taker.until(1)
      await broker.declareQueues([{ name: queue }])
      await publishAll(broker, queue, ['m2'])
      await taker.until(2)
      expect(taker.ids()).toEqual(['m1', 'm2'])
      await broker.unbindQueue(`nobody-${randomUUID()}`)
    },
  },
  {
    name: 'hands out more at a time once the prefetch is raised, of another’s queue too where it is said to be shared',
    check: async ({ broker, connect, declare }) => {
      const queue = await declare()
      await publishAll(broker, queue, idsUpTo(10))
      const deliveries: Delivery[] = []
      const shared = { prefetch: 1, singleActiveConsumer: false }
      const subscription = await (await connect()).consume(queue, shared, (delivery) => deliveries.push(delivery))
      await eventually(() => expect(deliveries).toHaveLength(1))
      subscription.setPrefetch(8)
      await eventually(() => expect(deliveries.length).toBeGreaterThanOrEqual(8))
      for (const delivery of deliveries) delivery.ack()
      await eventually(() => expect(deliveries).toHaveLength(10))
      expect(() => subscription.setPrefetch(0)).toThrow(RangeError)
    },
  },
  {
    name: 'takes a temporary queue away with its connection',
    check: async ({ broker, connect }) => {
      const queue = `replies-${randomUUID()}`
      const owner = await connect()
      await owner.declareQueues([{ name: queue, temporary: true, dropHeadAbove: 100 }])
      const taker = await take(owner, queue, { settle: ack })
      await publishAll(broker, queue, ['m1'])
      await taker.until(1)
      await owner.close()
      await eventually(async () => expect(await broker.publish({ kind: 'queue', queue }, message())).toBe('unroutable'))
    },
  },
  {
    name: 'refuses every call after close as something that may work later, elsewhere',
    check: async ({ connect, declare }) => {
      const queue = await declare()
      const closed = await connect()
      await closed.close()
      await closed.close()
      const calls = [
        () => closed.publish({ kind: 'queue', queue }, message()),
        () => closed.publish({ kind: 'delay', queue, delayMs: 1 }, message()),
        () => closed.consume(queue, { prefetch: 1 }, ack),
        () => closed.declareQueues([{ name: queue }]),
        () => closed.depth(queue),
        () => closed.unbindQueue(queue),
        () => closed.deleteQueue(queue),
      ]
      for (const call of calls) await expect(call()).rejects.toThrow(TransientError)
    },
  },
]
