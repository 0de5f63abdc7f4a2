import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { controlRabbit } from '../../../test/env/rabbit-control.ts'
import type { RabbitServer } from '../../../test/env/rabbit.ts'
import { openRabbit } from '../../../test/env/rabbit.ts'
import { describeOnRabbit } from '../../../test/env/servers.ts'
import type { Broker, Delivery } from '../broker.ts'
import { ack, eventually, idsUpTo, message, publishAll, take, untilEmpty } from '../conformance/broker-promise.ts'
import { linkKinds } from './link-kinds.ts'
import type { AmqpBrokerOptions } from './open-amqp-broker.ts'
import { openAmqpBroker } from './open-amqp-broker.ts'

const usualMemory = '1GB'
/** Less than any server has. */
const tooLittleMemory = '1MB'

// It alarms, stops and freezes its server, which no other test may have to live with.
describeOnRabbit('with a RabbitMQ of its own', () => {
  let server: RabbitServer
  const closing: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    server = await openRabbit()
  })
  afterAll(() => server.close())
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  })

  describe.each(linkKinds)('a broker with the links of $name', ({ name, links }) => {
    const open = async (options: Partial<AmqpBrokerOptions> = {}): Promise<Broker> => {
      const log = pino({ level: 'silent' })
      const broker = await openAmqpBroker({ url: server.amqpUrl, connectionName: 'own', log, links, ...options })
      closing.push(broker.close)
      return broker
    }

    it('bounds what is published under a memory alarm, goes on consuming, and loses nothing', async () => {
      const queue = `alarm-${name}`
      const broker = await open({ limits: { patienceMs: 300, confirmMs: 1000 } })
      await broker.declareQueues([{ name: queue }])
      await publishAll(broker, queue, ['held'])
      const deliveries: Delivery[] = []
      const subscription = await broker.consume(queue, { prefetch: 10 }, (delivery) => deliveries.push(delivery))
      await eventually(() => expect(deliveries).toHaveLength(1))
      await controlRabbit(server, 'set_vm_memory_high_watermark', 'absolute', tooLittleMemory)
      closing.push(() => controlRabbit(server, 'set_vm_memory_high_watermark', 'absolute', usualMemory))
      // The server blocks a connection when that publishes next.
      const caught = broker.publish({ kind: 'queue', queue }, message('caught'))
      await eventually(() => expect(broker.health().kind).toBe('blocked'))
      expect(broker.health()).toMatchObject({
        kind: 'blocked',
        reason: expect.stringContaining(String(server.amqpPort)),
      })
      const refused = await Promise.allSettled(
        idsUpTo(50).map((id) => broker.publish({ kind: 'queue', queue }, message(id))),
      )
      expect(refused.map((one) => one.status === 'rejected' && (one.reason as { code: string }).code)).toEqual(
        refused.map(() => 'BrokerUnavailable'),
      )
      deliveries[0]?.ack()
      await eventually(async () => {
        await subscription.close()
        expect(await broker.depth(queue)).toEqual({ ready: 0, consumers: 0 })
      })
      await controlRabbit(server, 'set_vm_memory_high_watermark', 'absolute', usualMemory)
      // It has waited for longer than a confirm may take, which is no fault of the connection.
      expect(await caught).toBe('confirmed')
      expect(broker.health()).toEqual({ kind: 'ready' })
      await publishAll(broker, queue, ['after'])
      const taker = await take(broker, queue, { settle: ack })
      await taker.until(2)
      await untilEmpty(broker, queue)
      expect(taker.ids()).toEqual(['caught', 'after'])
    })

    it.each(['stop', 'kill'] as const)(
      'keeps what was confirmed, and subscriptions, over a %s of the server under load',
      async (end) => {
        const queue = `${end}-${name}`
        const broker = await open()
        await broker.declareQueues([{ name: queue }])
        const seen = new Set<string>()
        await take(broker, queue, {
          settle: (delivery) => {
            seen.add(delivery.message.id)
            delivery.ack()
          },
        })
        let failures = 0
        const publish = async (id: string): Promise<boolean> => {
          try {
            expect(await broker.publish({ kind: 'queue', queue }, message(id))).toBe('confirmed')
            return true
          } catch (error) {
            expect(error).toMatchObject({
              name: 'TransientError',
              code: expect.stringMatching(/^Broker(ConnectionLost|Unavailable)$/),
            })
            failures += 1
            return false
          }
        }
        await publishAll(broker, queue, ['first'])
        const load = publishForAWhile(publish)
        closing.push(load.end)
        await eventually(() => expect(seen.size).toBeGreaterThan(500))
        await server[end]()
        closing.push(server.start)
        await eventually(() => expect(broker.health().kind).toBe('connecting'))
        await server.start()
        await eventually(() => expect(broker.health().kind).toBe('ready'))
        const sent = await load.end()
        // A server that has just started may give some to a channel that it has not seen to be gone yet, and has to take them back first.
        await vi.waitFor(() => expect(sent.filter((id) => !seen.has(id))).toEqual([]), {
          timeout: 90_000,
          interval: 20,
        })
        await untilEmpty(broker, queue)
        expect(failures).toBeGreaterThan(0)
      },
    )

    it('gives up a server that has gone silent, and takes it again when it speaks', async () => {
      const queue = `silent-${name}`
      const broker = await open({ heartbeatSeconds: 1, limits: { connectMs: 1000 } })
      await broker.declareQueues([{ name: queue }])
      const taker = await take(broker, queue, { settle: ack })
      await publishAll(broker, queue, ['m1'])
      await taker.until(1)
      server.freeze()
      try {
        await eventually(() => expect(broker.health().kind).toBe('connecting'))
      } finally {
        server.thaw()
      }
      await eventually(() => expect(broker.health().kind).toBe('ready'))
      await publishAll(broker, queue, ['m2'])
      await taker.until(2)
      await untilEmpty(broker, queue)
    })
  })
})

/** One after the other in 20 lines, each until it is confirmed, until it is told to end; then gives the ids that are. */
function publishForAWhile(publish: (id: string) => Promise<boolean>): { readonly end: () => Promise<string[]> } {
  const sent: string[] = []
  const ending = new AbortController()
  const line = async (name: number): Promise<void> => {
    for (let at = 0; !ending.signal.aborted; at += 1) {
      const id = `${name}-${at}`
      let isConfirmed = await publish(id)
      while (!isConfirmed && !ending.signal.aborted) isConfirmed = await publish(id)
      if (isConfirmed) sent.push(id)
    }
  }
  const lines = Promise.all(Array.from({ length: 20 }, (_, at) => line(at)))
  return {
    end: async () => {
      ending.abort()
      await lines
      return sent
    },
  }
}
