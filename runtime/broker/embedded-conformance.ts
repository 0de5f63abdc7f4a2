import { describe, expect, it } from 'vitest'
import type { Clock } from '../clock.ts'
import { simulatedClock, systemClock } from '../clock.ts'
import type { Delivery } from './broker.ts'
import { eventually, idsUpTo, message, publishAll } from './conformance/broker-promise.ts'
import type { OpenedBroker } from './conformance/random-use.ts'
import { randomUse } from './conformance/random-use.ts'

/** Registers the tests that every broker in this process passes, beside `brokerConformance`. */
export function embeddedConformance(name: string, open: (clock: Clock) => OpenedBroker): void {
  describe(`a broker in this process, by ${name}`, () => {
    it.each(embeddedPromises)('$name', ({ check }) => check(open))

    it.each([false, true])(
      'loses, doubles and reorders nothing under random use (single active consumer: %s)',
      (singleActiveConsumer) => randomUse(open, singleActiveConsumer),
    )
  })
}

interface EmbeddedPromise {
  readonly name: string
  readonly check: (open: (clock: Clock) => OpenedBroker) => Promise<void>
}

const embeddedPromises: readonly EmbeddedPromise[] = [
  {
    name: 'lets timers in between when it has much to deliver',
    check: async (open) => {
      const { broker } = open(systemClock)
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
    },
  },

  {
    name: 'refuses to open a connection after it was closed',
    check: async (open) => {
      const { broker } = open(systemClock)
      await broker.close()
      expect(() => broker.connect()).toThrow('closed')
    },
  },

  {
    name: 'waits for what is ready, held, caused and parked, but not for observations',
    check: async (open) => {
      const clock = simulatedClock()
      const { broker } = open(clock)
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
      await eventually(() => expect(broker.pending()).toEqual({ ready: 0, unacknowledged: 0, parked: 1 }))
      await clock.advance(1)
      await idle
      expect(states).toEqual([false, false, false])
      expect(broker.pending()).toEqual({ ready: 0, unacknowledged: 0, parked: 0 })
      await broker.close()
    },
  },

  {
    name: 'does not take for the end a moment in which nothing is queued but somebody publishes again in the same turn',
    check: async (open) => {
      const { broker } = open(systemClock)
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
      await broker.close()
    },
  },

  {
    name: 'ends with the reason of its signal, and when the broker is closed',
    check: async (open) => {
      const { broker } = open(systemClock)
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
    },
  },

  {
    name: 'resolves when the queue that held the last messages is deleted',
    check: async (open) => {
      const { broker } = open(systemClock)
      await broker.declareQueues([{ name: 'q' }])
      await publishAll(broker, 'q', ['m1'])
      const idle = broker.whenIdle()
      await broker.deleteQueue('q')
      await idle
      await broker.close()
    },
  },
]
