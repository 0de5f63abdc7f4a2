import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { unroutedQueue } from '../broker.ts'
import type { BrokerPromise } from './broker-promise.ts'
import { ack, eventually, message, publishAll, take, untilEmpty } from './broker-promise.ts'

/** Two clocks that count whole milliseconds may differ by one. */
const clockStepMs = 1

/** What holds for a message that waits. */
export const delayPromises: readonly BrokerPromise[] = [
  {
    name: 'delivers a delayed message, never early',
    check: async ({ broker, declare }) => {
      const queue = await declare()
      const arrivedAt = new Map<string, number>()
      await take(broker, queue, {
        settle: (delivery) => {
          arrivedAt.set(delivery.message.id, Date.now())
          delivery.ack()
        },
      })
      const delays = [0, 0.5, 40, 100, 250, 333]
      const dueAt = new Map<string, number>()
      for (const delayMs of delays) {
        dueAt.set(`after ${delayMs}`, Date.now() + delayMs)
        expect(await broker.publish({ kind: 'delay', queue, delayMs }, message(`after ${delayMs}`))).toBe('confirmed')
      }
      await eventually(() => expect(arrivedAt.size).toBe(delays.length))
      for (const [id, at] of arrivedAt) expect(at - (dueAt.get(id) ?? Infinity)).toBeGreaterThanOrEqual(-clockStepMs)
    },
  },
  {
    name: 'lets a short delay pass a long one that was parked before it, and messages without delay pass both',
    check: async ({ broker, declare }) => {
      const queue = await declare()
      const taker = await take(broker, queue, { settle: ack })
      await broker.publish({ kind: 'delay', queue, delayMs: 30_000 }, message('long'))
      await broker.publish({ kind: 'delay', queue, delayMs: 500 }, message('short'))
      await publishAll(broker, queue, ['now'])
      await taker.until(2)
      expect(taker.ids()).toEqual(['now', 'short'])
      const parked = (await broker.depth(queue))?.parked
      expect(parked ?? 1).toBe(1)
    },
  },
  {
    name: 'delivers a message that comes back from a delay with its id, headers and body, behind what waits there',
    check: async ({ broker, declare }) => {
      const queue = await declare()
      await publishAll(broker, queue, ['first'])
      const sent = message('delayed')
      await broker.publish({ kind: 'delay', queue, delayMs: 100 }, sent)
      await eventually(async () => expect(await broker.depth(queue)).toMatchObject({ ready: 2 }))
      const taker = await take(broker, queue, { settle: ack })
      await taker.until(2)
      expect(taker.ids()).toEqual(['first', 'delayed'])
      expect(taker.delivery(1).message).toEqual(sent)
      await untilEmpty(broker, queue)
    },
  },
  {
    name: 'sends a delayed message to `unrouted` when its queue is gone by then, or never was',
    check: async ({ broker, declare }) => {
      await broker.declareQueues([{ name: unroutedQueue }])
      const unrouted = await take(broker, unroutedQueue, { settle: ack })
      const queue = await declare()
      const orphans = [message(randomUUID()), message(randomUUID())]
      await broker.publish({ kind: 'delay', queue, delayMs: 200 }, message(orphans[0]?.id))
      await broker.deleteQueue(queue)
      const nowhere = `nowhere-${randomUUID()}`
      expect(await broker.publish({ kind: 'delay', queue: nowhere, delayMs: 100 }, message(orphans[1]?.id))).toBe(
        'confirmed',
      )
      await eventually(() => expect(unrouted.ids()).toEqual(expect.arrayContaining(orphans.map(({ id }) => id))))
      await unrouted.close()
    },
  },
  {
    name: 'refuses a delay that is no time',
    check: async ({ broker, declare }) => {
      const queue = await declare()
      for (const delayMs of [-1, Number.NaN, Infinity]) {
        await expect(broker.publish({ kind: 'delay', queue, delayMs }, message())).rejects.toThrow(RangeError)
      }
    },
  },
]
