import { expect } from 'vitest'
import type { Delivery } from '../broker.ts'
import type { BrokerPromise } from './broker-promise.ts'
import { ack, eventually, idsUpTo, publishAll, take, untilEmpty } from './broker-promise.ts'

/** What holds when several consume one queue. */
export const sharingPromises: readonly BrokerPromise[] = [
  {
    name: 'shares a queue among its subscriptions, and leaves nothing to one that has no room',
    check: async ({ broker, connect, declare }) => {
      const queue = await declare()
      const stuck = await take(broker, queue, { prefetch: 1 })
      const busy = await take(await connect(), queue, { prefetch: 1, settle: ack })
      await publishAll(broker, queue, idsUpTo(50))
      await eventually(() => expect(stuck.deliveries.length + busy.deliveries.length).toBe(50))
      expect(stuck.deliveries).toHaveLength(1)
      expect([...stuck.ids(), ...busy.ids()].toSorted()).toEqual(idsUpTo(50).toSorted())
    },
  },
  {
    name: 'gives all messages of a queue with a single active consumer to one, then to the next, which begins with what the first held',
    check: async ({ broker, connect, declare }) => {
      const queue = await declare({ singleActiveConsumer: true })
      const active = await take(broker, queue, { prefetch: 3 })
      const waiting = await take(await connect(), queue, { settle: ack })
      await publishAll(broker, queue, idsUpTo(10))
      await active.until(3)
      active.delivery(0).ack()
      await active.until(4)
      expect(waiting.deliveries).toHaveLength(0)
      await active.close()
      await waiting.until(9)
      await untilEmpty(broker, queue)
      expect(active.ids()).toEqual(['m1', 'm2', 'm3', 'm4'])
      expect(waiting.ids()).toEqual(idsUpTo(10).slice(1))
    },
  },
  {
    name: 'leaves a queue with a single active consumer to that one, whatever prefetch it asks for, whoever has declared the queue',
    check: async ({ connect, declare }) => {
      for (const told of [{}, { singleActiveConsumer: true }]) {
        const queue = await declare({ singleActiveConsumer: true })
        const [holder, next] = [await connect(), await connect()]
        const held: Delivery[] = []
        const options = { prefetch: 1, ...told }
        const subscription = await holder.consume(queue, options, (delivery) => held.push(delivery))
        const waiting = await take(next, queue)
        await publishAll(holder, queue, idsUpTo(10))
        await eventually(() => expect(held).toHaveLength(1))
        subscription.setPrefetch(5)
        for (let at = 0; at < 10; at += 1) {
          await eventually(() => expect(held.length).toBeGreaterThan(at))
          held[at]?.ack()
        }
        expect(held.map((delivery) => delivery.message.id)).toEqual(idsUpTo(10))
        expect(waiting.deliveries).toHaveLength(0)
      }
    },
  },
  {
    name: 'gives back what a closed connection held, on all its queues',
    check: async ({ broker, connect, declare }) => {
      const queues = [await declare(), await declare({ singleActiveConsumer: true })]
      const lost = await connect()
      for (const queue of queues) await publishAll(broker, queue, idsUpTo(4))
      for (const queue of queues) await (await take(lost, queue, { prefetch: 2 })).until(2)
      const heirs = await Promise.all(queues.map((queue) => take(broker, queue, { settle: ack })))
      await lost.close()
      await lost.close()
      for (const heir of heirs) await heir.until(4)
      expect(heirs[1]?.ids()).toEqual(idsUpTo(4))
      expect(heirs[0]?.ids().toSorted()).toEqual(idsUpTo(4))
    },
  },
  {
    name: 'neither loses nor doubles one of 10,000 messages, while some are requeued and subscriptions come and go',
    check: async ({ broker, connect, declare }) => {
      const queue = await declare()
      const ids = idsUpTo(10_000)
      const acknowledged: string[] = []
      const settle = (delivery: Delivery): void => {
        const isRequeued = !delivery.redelivered && Number(delivery.message.id.slice(1)) % 7 === 0
        if (isRequeued) return delivery.requeue()
        delivery.ack()
        acknowledged.push(delivery.message.id)
      }
      const other = await connect()
      await take(broker, queue, { prefetch: 200, settle })
      for (let from = 0; from < ids.length; from += 1000) {
        const holder = await take(other, queue, { prefetch: 20 })
        await publishAll(broker, queue, ids.slice(from, from + 1000))
        await holder.until(1)
        await holder.close()
      }
      await eventually(() => expect(acknowledged.length).toBeGreaterThanOrEqual(ids.length))
      await untilEmpty(broker, queue)
      expect(acknowledged.toSorted()).toEqual(ids.toSorted())
    },
  },
]
