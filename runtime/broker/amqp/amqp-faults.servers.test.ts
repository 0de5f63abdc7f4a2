import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openCutter } from '../../../test/env/cutter.ts'
import type { FreshVhost } from '../../../test/env/servers.ts'
import { callManagement, describeOnRabbit, freshVhost } from '../../../test/env/servers.ts'
import { encodeBody } from '../../wire/body.ts'
import type { Broker, BrokerHealth, Delivery, PublishOutcome } from '../broker.ts'
import { deadQueue } from '../broker.ts'
import { ack, eventually, idsUpTo, message, publishAll, take, untilEmpty } from '../conformance/broker-promise.ts'
import { connectAmqplib } from './amqplib-connection.ts'
import { linkKinds } from './link-kinds.ts'
import type { AmqpBrokerOptions } from './open-amqp-broker.ts'
import { openAmqpBroker } from './open-amqp-broker.ts'

const queue = 'q'

interface ServerConnection {
  readonly name: string
  readonly client_properties: { readonly connection_name?: string }
}

describeOnRabbit('on RabbitMQ', (rabbit) => {
  describe.each(linkKinds)('a broker with the links of $name', ({ links }) => {
    let vhost: FreshVhost
    const closing: (() => Promise<unknown>)[] = []
    const open = async (options: Partial<AmqpBrokerOptions> = {}): Promise<Broker> => {
      const log = pino({ level: 'silent' })
      const broker = await openAmqpBroker({ url: vhost.amqpUrl, connectionName: 'faults', log, links, ...options })
      closing.push(broker.close)
      return broker
    }
    beforeEach(async () => {
      vhost = await freshVhost(rabbit)
      closing.push(vhost.close)
    })
    afterEach(async () => {
      for (const close of closing.splice(0).toReversed()) await close()
    })
    const api = (method: 'GET' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown> =>
      callManagement(vhost.managementUrl, method, `/api${path}`, body)
    /** As an administrator closes it; the server lists a new connection seconds after it was opened. */
    const closeConnections = async (purpose: string): Promise<void> => {
      await eventually(async () => {
        const path = `/vhosts/${encodeURIComponent(vhost.vhost)}/connections`
        const all = (await api('GET', path)) as readonly ServerConnection[]
        const found = all.filter(({ client_properties }) => client_properties.connection_name === `faults (${purpose})`)
        expect(found).not.toHaveLength(0)
        for (const { name } of found) await api('DELETE', `/connections/${encodeURIComponent(name)}`)
      })
    }

    it.each(['publish', 'consume'])(
      'goes on when the server closes the connection to %s, and delivers again',
      async (purpose) => {
        const broker = await open()
        await broker.declareQueues([{ name: queue }])
        const ended: Error[] = []
        const deliveries: Delivery[] = []
        await broker.consume(queue, { prefetch: 10, onEnd: (reason) => ended.push(reason) }, (delivery) =>
          deliveries.push(delivery),
        )
        await publishAll(broker, queue, ['m1', 'm2'])
        await eventually(() => expect(deliveries).toHaveLength(2))
        await closeConnections(purpose)
        await eventually(() => expect(deliveries).toHaveLength(4))
        // Of the connection that is gone: they do nothing to those that came after.
        deliveries[0]?.ack()
        deliveries[1]?.requeue()
        expect(deliveries.slice(2).map(({ message: { id }, redelivered }) => ({ id, redelivered }))).toEqual([
          { id: 'm1', redelivered: true },
          { id: 'm2', redelivered: true },
        ])
        for (const { ack: settle } of deliveries.slice(2)) settle()
        await publishAll(broker, queue, ['m3'])
        await eventually(() => expect(deliveries).toHaveLength(5))
        deliveries[4]?.ack()
        await untilEmpty(broker, queue)
        expect(ended).toEqual([])
        expect(broker.health()).toEqual({ kind: 'ready' })
      },
    )

    it('declares again what another has deleted while it was away: queue, bindings and rungs', async () => {
      const cutter = await openCutter(vhost.amqpUrl)
      closing.push(cutter.close)
      const broker = await open({ url: cutter.url })
      await broker.declareQueues([{ name: queue }])
      const taker = await take(broker, queue, { settle: ack })
      expect(await broker.publish({ kind: 'delay', queue, delayMs: 100 }, message('before'))).toBe('confirmed')
      await taker.until(1)
      cutter.refuse()
      await eventually(() => expect(broker.health().kind).toBe('connecting'))
      const path = encodeURIComponent(vhost.vhost)
      for (const name of [queue, 'delay.v1.100']) await api('DELETE', `/queues/${path}/${name}`)
      await api('DELETE', `/exchanges/${path}/delay.v1.100`)
      cutter.accept()
      await eventually(() => expect(broker.health().kind).toBe('ready'))
      await publishAll(broker, queue, ['now'])
      expect(await broker.publish({ kind: 'delay', queue, delayMs: 100 }, message('after'))).toBe('confirmed')
      await taker.until(3)
      expect(taker.ids()).toEqual(['before', 'now', 'after'])
    })

    it('loses nothing when the connection is cut in the middle of frames, again and again', async () => {
      const cutter = await openCutter(vhost.amqpUrl)
      closing.push(cutter.close)
      const broker = await open({ url: cutter.url })
      await broker.declareQueues([{ name: queue }])
      const seen = new Map<string, number>()
      await take(broker, queue, {
        settle: (delivery) => {
          const { id } = delivery.message
          seen.set(id, (seen.get(id) ?? 0) + 1)
          delivery.ack()
        },
      })
      let unknown = 0
      const publish = async (id: string): Promise<void> => {
        for (;;) {
          try {
            expect(await broker.publish({ kind: 'queue', queue }, message(id, Buffer.alloc(300)))).toBe('confirmed')
            return
          } catch (error) {
            expect(error).toMatchObject({ name: 'TransientError', code: 'BrokerConnectionLost' })
            unknown += 1
          }
        }
      }
      const ids = idsUpTo(8000)
      const published = Promise.all(ids.map(publish))
      for (const bytes of [200_003, 170_001, 111_117, 90_059]) await cutter.cutAfter(bytes)
      await cutter.cutAfter(50_021, 'toClient')
      await published
      await untilEmpty(broker, queue)
      await eventually(() => expect(seen.size).toBe(ids.length))
      expect(unknown).toBeGreaterThan(0)
    })

    it('refuses a publish after a bounded time without a connection, says since when, and comes back', async () => {
      const cutter = await openCutter(vhost.amqpUrl)
      closing.push(cutter.close)
      const told: BrokerHealth[] = []
      const warned: string[] = []
      const log = pino({ level: 'warn' }, { write: (line: string) => void warned.push(line) })
      const onHealth = (health: BrokerHealth): void => void told.push(health)
      const broker = await open({ url: cutter.url, limits: { patienceMs: 300 }, log, onHealth })
      await broker.declareQueues([{ name: queue }])
      await publishAll(broker, queue, ['m1'])
      const before = Date.now()
      cutter.refuse()
      await eventually(() => expect(broker.health().kind).toBe('connecting'))
      await expect(broker.publish({ kind: 'queue', queue }, message())).rejects.toMatchObject({
        name: 'TransientError',
        code: 'BrokerUnavailable',
      })
      await expect(broker.consume(queue, { prefetch: 1 }, ack)).rejects.toMatchObject({ code: 'BrokerUnavailable' })
      const health = broker.health()
      expect(health).toMatchObject({ kind: 'connecting', reason: expect.stringContaining(new URL(cutter.url).host) })
      expect(health.kind === 'connecting' && health.since >= before).toBe(true)
      const waiting = broker.publish({ kind: 'queue', queue }, message('m2')).catch((error: unknown) => error)
      cutter.accept()
      await eventually(() => expect(broker.health().kind).toBe('ready'))
      await waiting
      await publishAll(broker, queue, ['m3'])
      expect(told.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['connecting', 'ready']))
      // One for each reason, not one for each attempt.
      expect(new Set(warned.map((line) => (JSON.parse(line) as { reason?: string }).reason)).size).toBe(warned.length)
      expect(warned.join()).not.toContain('guest:guest')
    })

    it('gives up a connection on which a confirm does not come', async () => {
      const cutter = await openCutter(vhost.amqpUrl)
      closing.push(cutter.close)
      const broker = await open({ url: cutter.url, limits: { confirmMs: 300, connectMs: 500 } })
      await broker.declareQueues([{ name: queue }])
      await publishAll(broker, queue, ['m1'])
      cutter.pause()
      await expect(broker.publish({ kind: 'queue', queue }, message('m2'))).rejects.toMatchObject({
        code: 'BrokerConnectionLost',
      })
      cutter.resume()
      await publishAll(broker, queue, ['m3'])
      expect(broker.health()).toEqual({ kind: 'ready' })
    })

    it('ends the subscription of a queue that was deleted at the server, and leaves the others alone', async () => {
      const broker = await open()
      await broker.declareQueues([{ name: queue }, { name: 'other' }])
      const reasons: Error[] = []
      const deliveries: Delivery[] = []
      await broker.consume(queue, { prefetch: 5, onEnd: (reason) => reasons.push(reason) }, (delivery) =>
        deliveries.push(delivery),
      )
      const other = await take(broker, 'other', { settle: ack })
      await publishAll(broker, queue, ['m1'])
      await eventually(() => expect(deliveries).toHaveLength(1))
      await api('DELETE', `/queues/${encodeURIComponent(vhost.vhost)}/${queue}`)
      await eventually(() => expect(reasons).toHaveLength(1))
      expect(reasons[0]).toMatchObject({ name: 'PermanentError', code: 'QueueDeleted' })
      deliveries[0]?.ack()
      await publishAll(broker, 'other', ['m2'])
      await other.until(1)
    })

    it('counts 20,000 publishes of which every third is returned, none wrongly', async () => {
      const broker = await open()
      await broker.declareQueues([{ name: queue }])
      const outcomes: Promise<PublishOutcome>[] = Array.from({ length: 20_000 }, (_, at) =>
        broker.publish({ kind: 'queue', queue: at % 3 === 0 ? 'nobody' : queue }, message(`m${at}`)),
      )
      const wrong = (await Promise.all(outcomes)).filter(
        (outcome, at) => outcome !== (at % 3 === 0 ? 'unroutable' : 'confirmed'),
      )
      expect(wrong).toEqual([])
      await eventually(async () => expect((await broker.depth(queue))?.ready).toBe(13_333))
    })

    it('moves what is no message of ours to `dead`, where its reader can read it', async () => {
      const broker = await open()
      await broker.declareQueues([{ name: queue }])
      const url = new URL(vhost.amqpUrl)
      const stranger = await connectAmqplib(
        { url, vhost: vhost.vhost, connectionName: 'stranger', heartbeatSeconds: 10, connectTimeoutMs: 5000 },
        () => {},
      )
      closing.push(stranger.close)
      const channel = await stranger.model.createChannel()
      const body = encodeBody({}, Buffer.from('{}'))
      const headers: readonly Record<string, unknown>[] = [
        {},
        { weir: 17 },
        { weir: '{' },
        { weir: '{"flow":1}' },
        {
          other: { nested: [1, true, null, { deep: 'x' }], at: { '!': 'timestamp', value: 1 } },
          weir: Buffer.from([255, 0]),
        },
      ]
      for (const given of headers) channel.sendToQueue(queue, body, { headers: given })
      channel.sendToQueue(queue, Buffer.alloc(0))
      channel.sendToQueue(deadQueue, Buffer.from('straight to the dead'))
      const taker = await take(broker, queue, { settle: ack })
      const dead = await take(broker, deadQueue, { settle: ack })
      await dead.until(headers.length + 2)
      await publishAll(broker, queue, ['ours'])
      await taker.until(1)
      expect(taker.ids()).toEqual(['ours'])
      await untilEmpty(broker, queue)
      await untilEmpty(broker, deadQueue)
      expect(dead.deliveries.every((delivery) => delivery.message.id !== '')).toBe(true)
    })
  })
})
