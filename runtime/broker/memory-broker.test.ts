import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { simulatedClock } from '../clock.ts'
import { emptyDeque, pushLast, shiftFirst } from '../ring-deque.ts'
import { unroutedQueue } from './broker.ts'
import { brokerConformance } from './broker-conformance.ts'
import { message, publishAll, take } from './conformance/broker-promise.ts'
import { embeddedConformance } from './embedded-conformance.ts'
import { openMemoryBroker } from './memory-broker.ts'

brokerConformance('memory', async () => {
  const broker = openMemoryBroker()
  return { connect: async () => broker.connect(), close: broker.close }
})

embeddedConformance('memory', (clock) => ({ broker: openMemoryBroker({ clock }) }))

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
})

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
