import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import type { Delivery } from '../broker.ts'
import type { BrokerPromise } from './broker-promise.ts'
import { ack, eventually, idsUpTo, message, publishAll, take, untilEmpty } from './broker-promise.ts'

/** What a consumer can rely on. */
export const deliveryPromises: readonly BrokerPromise[] = [
  {
    name: 'delivers in the order of publishing, to one who comes later too',
    check: async ({ broker, declare }) => {
      const queue = await declare()
      await publishAll(broker, queue, idsUpTo(300))
      const taker = await take(broker, queue, { settle: ack })
      await taker.until(300)
      await publishAll(broker, queue, ['late'])
      await taker.until(301)
      expect(taker.ids()).toEqual([...idsUpTo(300), 'late'])
      expect(taker.deliveries.some((delivery) => delivery.redelivered || delivery.deliveryCount > 0)).toBe(false)
    },
  },
  {
    name: 'moves id, headers and body unchanged: empty, of every byte, and of 5 MB',
    check: async ({ broker, declare }) => {
      const queue = await declare()
      const bodies = [
        Buffer.alloc(0),
        Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte)),
        randomBytes(5e6),
      ]
      const sent = bodies.map((body, at) => message(`b${at} ü✓`, body))
      for (const one of sent) expect(await broker.publish({ kind: 'queue', queue }, one)).toBe('confirmed')
      const taker = await take(broker, queue, { settle: ack })
      await taker.until(sent.length)
      for (const [at, { id, headers, body }] of sent.entries()) {
        const got = taker.delivery(at).message
        expect({ id: got.id, headers: got.headers }).toEqual({ id, headers })
        expect(Buffer.compare(got.body, body)).toBe(0)
      }
    },
  },
  {
    name: 'never delivers within a call of its own methods',
    check: async ({ broker, declare }) => {
      const queue = await declare()
      let isInside = false
      const within: boolean[] = []
      const inside = async <Result>(call: () => Promise<Result>): Promise<Result> => {
        isInside = true
        const result = call()
        isInside = false
        return result
      }
      const onDelivery = (delivery: Delivery): void => {
        within.push(isInside)
        isInside = true
        if (delivery.redelivered) delivery.ack()
        else delivery.requeue()
        isInside = false
      }
      await inside(() => broker.publish({ kind: 'queue', queue }, message()))
      await inside(() => broker.consume(queue, { prefetch: 10 }, onDelivery))
      await inside(() => broker.publish({ kind: 'queue', queue }, message()))
      await eventually(() => expect(within).toEqual([false, false, false, false]))
    },
  },
  {
    name: 'holds back what exceeds the prefetch until something is settled',
    check: async ({ broker, declare }) => {
      const queue = await declare()
      await publishAll(broker, queue, idsUpTo(10))
      const taker = await take(broker, queue, { prefetch: 3 })
      await taker.until(3)
      await eventually(async () => expect(await broker.depth(queue)).toMatchObject({ ready: 7 }))
      expect(taker.ids()).toEqual(['m1', 'm2', 'm3'])
      taker.delivery(1).ack()
      await taker.until(4)
      expect(taker.ids().at(-1)).toBe('m4')
      await eventually(async () => expect(await broker.depth(queue)).toMatchObject({ ready: 6 }))
    },
  },
  {
    name: 'delivers a requeued message before those that were never delivered, marked as redelivered',
    check: async ({ broker, declare }) => {
      const queue = await declare()
      await publishAll(broker, queue, idsUpTo(5))
      const taker = await take(broker, queue, { prefetch: 3 })
      await taker.until(3)
      taker.delivery(1).requeue()
      await taker.until(4)
      expect(taker.ids()).toEqual(['m1', 'm2', 'm3', 'm2'])
      expect(taker.delivery(3)).toMatchObject({ redelivered: true, deliveryCount: 1 })
    },
  },
  {
    name: 'gives back what a closed subscription had not settled, where consumers take turns in the old order',
    check: async ({ broker, declare }) => {
      for (const singleActiveConsumer of [true, false]) {
        const queue = await declare(singleActiveConsumer ? { singleActiveConsumer } : {})
        await publishAll(broker, queue, idsUpTo(6))
        const first = await take(broker, queue, { prefetch: 4 })
        await first.until(4)
        first.delivery(1).ack()
        await first.close()
        await first.close()
        const second = await take(broker, queue, { settle: ack })
        await second.until(5)
        await untilEmpty(broker, queue)
        const ids = singleActiveConsumer ? second.ids() : second.ids().toSorted()
        expect(ids).toEqual(['m1', 'm3', 'm4', 'm5', 'm6'])
        const redelivered = second.deliveries.filter((delivery) => delivery.redelivered)
        // m5 may have been on its way to the first, in the place of what that had settled.
        expect(
          redelivered
            .map(({ message }) => message.id)
            .filter((id) => id !== 'm5')
            .toSorted(),
        ).toEqual(['m1', 'm3', 'm4'])
        expect(first.deliveries).toHaveLength(4)
      }
    },
  },
  {
    name: 'counts the first settlement only, and none after the subscription was closed',
    check: async ({ broker, declare }) => {
      const queue = await declare()
      await publishAll(broker, queue, ['m1', 'm2'])
      const first = await take(broker, queue, { prefetch: 1 })
      await first.until(1)
      first.delivery(0).requeue()
      await first.until(2)
      first.delivery(0).ack()
      await first.close()
      first.delivery(1).ack()
      const second = await take(broker, queue, { prefetch: 1 })
      await second.until(1)
      second.delivery(0).ack()
      second.delivery(0).requeue()
      second.delivery(0).ack()
      await second.until(2)
      second.delivery(1).ack()
      await untilEmpty(broker, queue)
      expect([...first.ids(), ...second.ids()]).toEqual(['m1', 'm1', 'm1', 'm2'])
    },
  },
  {
    name: 'lets a handler publish what its message causes before it acknowledges',
    check: async ({ broker, declare }) => {
      const queue = await declare()
      const chain = await take(broker, queue, {
        prefetch: 1,
        settle: (delivery) => void passOn(delivery),
      })
      const passOn = async (delivery: Delivery): Promise<void> => {
        const next = Number(delivery.message.id) + 1
        if (next <= 200) await broker.publish({ kind: 'queue', queue }, message(String(next)))
        delivery.ack()
      }
      await publishAll(broker, queue, ['1'])
      await untilEmpty(broker, queue)
      await chain.until(200)
      expect(chain.ids()).toEqual(Array.from({ length: 200 }, (_, at) => String(at + 1)))
    },
  },
]
