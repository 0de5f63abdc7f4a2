import { hash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openCutter } from '../../../test/env/cutter.ts'
import { callManagement, describeOnRabbit, freshVhost, type FreshVhost } from '../../../test/env/servers.ts'
import type {
  AmqpLinks,
  AmqpServer,
  ConsumerChannel,
  ConsumerLink,
  Publication,
  PublisherLink,
  RawDelivery,
} from './amqp-link.ts'
import { linkKinds } from './link-kinds.ts'

interface PublisherRig {
  readonly link: PublisherLink
  /** In the order of events: `c` and the number for a confirm of it, `r` and the correlation id for a return. */
  readonly told: string[]
  readonly lost: Error[]
}

interface ConsumerRig {
  readonly link: ConsumerLink
  readonly lost: Error[]
}

interface ChannelRig {
  readonly channel: ConsumerChannel
  readonly deliveries: RawDelivery[]
  readonly ends: Error[]
}

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function openPublisher(links: AmqpLinks, server: AmqpServer): Promise<PublisherRig> {
  const told: string[] = []
  const lost: Error[] = []
  const settled = new Set<number>()
  let lowest = 1
  const settle = (number: number, isAccepted: boolean): void => {
    settled.add(number)
    told.push(`${isAccepted ? 'c' : 'n'}${number}`)
    while (settled.has(lowest)) lowest += 1
  }
  const link = await links.openPublisher(server, {
    onLost: (error) => lost.push(error),
    onConfirm: (number, { multiple, isAccepted }) => {
      // What a confirm of several covers may have been confirmed alone; one alone comes once.
      if (!multiple) settle(number, isAccepted)
      else for (let one = lowest; one <= number; one += 1) if (!settled.has(one)) settle(one, isAccepted)
    },
    onReturn: (correlationId) => told.push(`r${correlationId}`),
    onBlocked: () => {},
    onUnblocked: () => {},
  })
  closers.push(link.close)
  return { link, told, lost }
}

async function openConsumer(links: AmqpLinks, server: AmqpServer): Promise<ConsumerRig> {
  const lost: Error[] = []
  const link = await links.openConsumer(server, { onLost: (error) => lost.push(error) })
  closers.push(link.close)
  return { link, lost }
}

async function openChannel(link: ConsumerLink): Promise<ChannelRig> {
  const deliveries: RawDelivery[] = []
  const ends: Error[] = []
  const channel = await link.openChannel({
    onDelivery: (delivery) => deliveries.push(delivery),
    onEnd: (error) => ends.push(error),
  })
  return { channel, deliveries, ends }
}

function publication(part: Partial<Publication> = {}): Publication {
  return {
    exchange: '',
    routingKey: 'q',
    messageId: 'id',
    correlationId: 'c',
    headers: '{"flow":"f"}',
    body: Buffer.from('body'),
    ...part,
  }
}

describeOnRabbit('on RabbitMQ', (rabbit) => {
  describe.each(linkKinds)('the links of $name', ({ links }) => {
    let vhost: FreshVhost
    let server: AmqpServer

    beforeEach(async () => {
      vhost = await freshVhost(rabbit)
      closers.push(vhost.close)
      const url = new URL(vhost.amqpUrl)
      server = {
        url,
        vhost: vhost.vhost,
        connectionName: `links ${vhost.vhost}`,
        heartbeatSeconds: 10,
        connectTimeoutMs: 10_000,
      }
      await declare('q')
    })

    const queuePath = (name: string): string => `/api/queues/${encodeURIComponent(vhost.vhost)}/${name}`
    const declare = (name: string): Promise<unknown> =>
      callManagement(vhost.managementUrl, 'PUT', queuePath(name), {
        durable: true,
        arguments: { 'x-queue-type': 'quorum' },
      })

    it('moves 20,000 messages, each once and in order, confirmed and acknowledged', async () => {
      const count = 20_000
      const { link: publisher, told, lost } = await openPublisher(links, server)
      const { link } = await openConsumer(links, server)
      let next = 0
      let acked = 0
      const channel = await link.openChannel({
        onDelivery: ({ deliveryTag, messageId, body, headers, redelivered }) => {
          expect([messageId, body.readUInt32BE(0), headers, redelivered]).toEqual([
            `m${next}`,
            next,
            '{"flow":"f"}',
            false,
          ])
          next += 1
          if (deliveryTag % 50 === 0) {
            channel.ack(deliveryTag, true)
            acked = deliveryTag
          }
        },
        onEnd: () => expect.unreachable(),
      })
      await channel.consume('q', 200)
      let sent = 0
      await vi.waitFor(
        () => {
          // At most 1,000 unconfirmed, as the adapter has it.
          for (; sent < count && sent - told.length < 1000; sent += 1) {
            const body = Buffer.alloc(1024)
            body.writeUInt32BE(sent)
            publisher.publish(publication({ messageId: `m${sent}`, body }))
          }
          expect([next, told.length, acked]).toEqual([count, count, count])
        },
        { timeout: 60_000, interval: 1 },
      )
      expect(new Set(told).size).toBe(count)
      expect(lost).toEqual([])
      // A new consumer gets nothing: all acknowledgements have arrived.
      await channel.close()
      const again = await openChannel(link)
      await again.channel.consume('q', 10)
      publisher.publish(publication({ messageId: 'last' }))
      await vi.waitFor(() => expect(again.deliveries).toMatchObject([{ messageId: 'last' }]))
    })

    it('returns what nobody owns before it confirms it', async () => {
      const { link, told } = await openPublisher(links, server)
      for (let n = 1; n <= 200; n += 1) {
        link.publish(publication({ routingKey: n % 2 === 0 ? 'q' : 'nobody', correlationId: String(n) }))
      }
      await vi.waitFor(() => expect(told).toHaveLength(300))
      for (let n = 1; n <= 200; n += 2) expect(told.indexOf(`r${n}`)).toBeLessThan(told.indexOf(`c${n}`))
      expect(told.filter((event) => event.startsWith('r'))).toHaveLength(100)
    })

    it('takes bodies of any size whole', async () => {
      const sizes = [0, 1, 16_383, 16_384, 16_385, 131_063, 131_064, 131_065, 262_129, 1_000_000, 5 * 2 ** 20, 2]
      const bodies = sizes.map((size) => Buffer.from(Array.from({ length: size }, (_, at) => (at * 31 + size) & 0xff)))
      const { link: publisher } = await openPublisher(links, server)
      const { link } = await openConsumer(links, server)
      const { channel, deliveries } = await openChannel(link)
      await channel.consume('q', 100)
      for (const body of bodies) publisher.publish(publication({ body, messageId: String(body.length) }))
      await vi.waitFor(() => expect(deliveries).toHaveLength(sizes.length), { timeout: 30_000 })
      const seen = deliveries.map(({ messageId, body }) => [messageId, body.length, hash('sha256', body)])
      expect(seen).toEqual(bodies.map((body) => [String(body.length), body.length, hash('sha256', body)]))
    })

    it('gives back what is refused, what is unsettled at the close, and counts the deliveries', async () => {
      const { link: publisher } = await openPublisher(links, server)
      const { link } = await openConsumer(links, server)
      const first = await openChannel(link)
      await first.channel.consume('q', 2)
      for (const messageId of ['a', 'b', 'c']) publisher.publish(publication({ messageId }))
      await vi.waitFor(() => expect(first.deliveries).toHaveLength(2))
      first.channel.requeue(first.deliveries[0]!.deliveryTag)
      await vi.waitFor(() => expect(first.deliveries).toHaveLength(3))
      const again = first.deliveries.find(({ redelivered }) => redelivered)
      expect(again ?? first.deliveries[2]).toMatchObject({ messageId: expect.stringMatching(/a|c/) as string })
      await first.channel.close()
      const second = await openChannel(link)
      await second.channel.consume('q', 10)
      await vi.waitFor(() => expect(second.deliveries).toHaveLength(3))
      expect(second.deliveries.map(({ messageId }) => messageId).toSorted()).toEqual(['a', 'b', 'c'])
      expect(second.deliveries.find(({ messageId }) => messageId === 'b')).toMatchObject({
        redelivered: true,
        deliveryCount: 1,
      })
    })

    it('keeps what was acknowledged before its consumer was cancelled, however far the queue is behind', async () => {
      const count = 1_000
      const { link: publisher, told } = await openPublisher(links, server)
      for (let sent = 0; sent < count; sent += 1) publisher.publish(publication({ messageId: `m${sent}` }))
      await vi.waitFor(() => expect(told).toHaveLength(count), { timeout: 30_000 })
      const { link } = await openConsumer(links, server)
      const first = await openChannel(link)
      await first.channel.consume('q', count)
      await vi.waitFor(() => expect(first.deliveries).toHaveLength(count), { timeout: 30_000 })
      // One by one: a queue is told of some dozens at a time, and the server's channel holds the others back.
      for (const { deliveryTag } of first.deliveries.slice(0, -1)) first.channel.ack(deliveryTag, false)
      await first.channel.cancel()
      await first.channel.close()
      const second = await openChannel(link)
      await second.channel.consume('q', count)
      await vi.waitFor(() => expect(second.deliveries).not.toEqual([]), { timeout: 30_000 })
      expect(second.deliveries.map(({ messageId }) => messageId)).toEqual([`m${count - 1}`])
    })

    it('hands out more once the prefetch was raised; earlier deliveries stay valid', async () => {
      const { link: publisher } = await openPublisher(links, server)
      const { link, lost } = await openConsumer(links, server)
      const { channel, deliveries, ends } = await openChannel(link)
      await channel.consume('q', 1)
      for (let n = 0; n < 12; n += 1) publisher.publish(publication({ messageId: String(n) }))
      await vi.waitFor(() => expect(deliveries).toHaveLength(1))
      await channel.consume('q', 5)
      await vi.waitFor(() => expect(deliveries).toHaveLength(6))
      channel.ack(1, false)
      channel.ack(6, true)
      await vi.waitFor(() => expect(deliveries).toHaveLength(11))
      channel.ack(11, true)
      await vi.waitFor(() => expect(deliveries).toHaveLength(12))
      expect(deliveries.map(({ messageId }) => Number(messageId))).toEqual(deliveries.map((_, n) => n))
      expect([lost, ends]).toEqual([[], []])
    })

    it('tells once that a queue was deleted under its consumer', async () => {
      const { link, lost } = await openConsumer(links, server)
      const { channel, ends } = await openChannel(link)
      await channel.consume('q', 10)
      await callManagement(vhost.managementUrl, 'DELETE', queuePath('q'))
      await vi.waitFor(() => expect(ends).toHaveLength(1))
      await channel.close()
      const missing = await openChannel(link)
      await expect(missing.channel.consume('q', 1)).rejects.toMatchObject({ code: 'QueueNotFound' })
      expect([ends.length, missing.ends, lost]).toEqual([1, [], []])
    })

    it('loses a channel alone by its mistake', async () => {
      const { link: publisher } = await openPublisher(links, server)
      const { link, lost } = await openConsumer(links, server)
      const bad = await openChannel(link)
      const good = await openChannel(link)
      await declare('other')
      await bad.channel.consume('other', 1)
      await good.channel.consume('q', 1)
      bad.channel.ack(77, false)
      await vi.waitFor(() => expect(bad.ends).toHaveLength(1))
      expect(bad.ends[0]?.message).toContain('unknown delivery tag 77')
      bad.channel.ack(78, false)
      await bad.channel.close()
      publisher.publish(publication({ messageId: 'still' }))
      await vi.waitFor(() => expect(good.deliveries).toMatchObject([{ messageId: 'still' }]))
      expect(lost).toEqual([])
    })

    it('is lost with the server’s words when an operator closes it', async () => {
      const { lost } = await openConsumer(links, server)
      // The list of connections is some seconds behind.
      const mine = await vi.waitFor(
        async () => {
          const path = `/api/vhosts/${encodeURIComponent(vhost.vhost)}/connections`
          const all = (await callManagement(vhost.managementUrl, 'GET', path)) as { name: string }[] | undefined
          expect(all).toHaveLength(1)
          return all![0]!
        },
        { timeout: 20_000, interval: 200 },
      )
      await callManagement(vhost.managementUrl, 'DELETE', `/api/connections/${encodeURIComponent(mine.name)}`)
      await vi.waitFor(() => expect(lost).toHaveLength(1))
      expect(lost[0]?.message).toContain('320 CONNECTION_FORCED')
    })

    it('finds out within two heartbeats that nothing comes any more', async () => {
      const cutter = await openCutter(vhost.amqpUrl)
      closers.push(cutter.close)
      const frozen = { ...server, url: new URL(cutter.url), heartbeatSeconds: 1 }
      const { lost } = await openConsumer(links, frozen)
      const publisher = await openPublisher(links, frozen)
      cutter.pause()
      await vi.waitFor(() => expect([lost.length, publisher.lost.length]).toEqual([1, 1]), { timeout: 20_000 })
      // The server, which hears nothing either, may hang up first.
      const found = { code: expect.stringMatching(/^Broker(?:Silent|ConnectionLost)$/) as string }
      expect([lost[0], publisher.lost[0]]).toMatchObject([found, found])
    })

    it('is lost when a call gets no answer in time, and nobody waits for ever', async () => {
      const cutter = await openCutter(vhost.amqpUrl)
      closers.push(cutter.close)
      const { link, lost } = await openConsumer(links, {
        ...server,
        url: new URL(cutter.url),
        heartbeatSeconds: 600,
        connectTimeoutMs: 2000,
      })
      const closing = await openChannel(link)
      const consuming = await openChannel(link)
      cutter.pause()
      const consumed = consuming.channel.consume('q', 1).catch((error: unknown) => error)
      await closing.channel.close()
      expect(await consumed).toMatchObject({ code: 'BrokerTimeout' })
      expect(lost).toMatchObject([{ code: 'BrokerTimeout', message: expect.stringContaining(server.vhost) as string }])
      await expect(link.openChannel({ onDelivery: () => {}, onEnd: () => {} })).rejects.toThrow()
    })

    it.each([
      { way: 'toClient', bytes: 100_001 },
      { way: 'toServer', bytes: 100_001 },
    ] as const)('is lost once, and clearly, when it is cut in the middle of a frame $way', async ({ way, bytes }) => {
      const cutter = await openCutter(vhost.amqpUrl)
      closers.push(cutter.close)
      const through = { ...server, url: new URL(cutter.url) }
      const publisher = await openPublisher(links, through)
      const consumer = await openConsumer(links, through)
      const { channel } = await openChannel(consumer.link)
      await channel.consume('q', 1000)
      const isCut = cutter.cutAfter(bytes, way)
      for (let n = 0; n < 400; n += 1) publisher.link.publish(publication({ body: Buffer.alloc(1000) }))
      await isCut
      await vi.waitFor(() => expect([publisher.lost.length, consumer.lost.length]).toEqual([1, 1]))
      expect(publisher.lost[0]).toMatchObject({ code: 'BrokerConnectionLost' })
      await channel.close()
      await Promise.all([publisher.link.close(), consumer.link.close()])
    })

    it.each<{ name: string; part: (server: AmqpServer) => Partial<AmqpServer>; code: RegExp }>([
      {
        name: 'a wrong password',
        part: ({ url }) => ({ url: Object.assign(new URL(url), { password: 'not-this-one' }) }),
        code: /^BrokerLoginRefused$/,
      },
      { name: 'an unknown vhost', part: () => ({ vhost: 'weir.nowhere' }), code: /^Vhost(?:NotFound|Refused)$/ },
      {
        name: 'a web server',
        part: () => ({ url: new URL(vhost.managementUrl.replace('http:', 'amqp:')) }),
        code: /^Broker(?:ProtocolError|ConnectionLost|Timeout)$/,
      },
    ])('says what is wrong with $name, and never the password', async ({ part, code }) => {
      const wrong = { ...server, connectTimeoutMs: 3000, ...part(server) }
      const error: unknown = await openPublisher(links, wrong).catch((error: unknown) => error)
      expect(error).toMatchObject({ code: expect.stringMatching(code) as string })
      expect((error as Error).message).toContain(`RabbitMQ at ${wrong.url.host}`)
      expect((error as Error).message).not.toMatch(/not-this-one|guest:guest/)
    })
  })
})
