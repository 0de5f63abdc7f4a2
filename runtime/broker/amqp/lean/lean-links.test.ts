import fc from 'fast-check'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { amqplibCodec } from '../../../../test/rig/amqplib-codec.ts'
import { openPeer, type AmqpPeer, type PeerOptions } from '../../../../test/rig/amqp-peer.ts'
import { testCertificate } from '../../../../test/rig/test-certificate.ts'
import { simulatedClock, type Clock } from '../../../clock.ts'
import type { AmqpServer, ConsumerLink, PublisherLink, RawDelivery } from '../amqp-link.ts'
import { leanLinks } from './lean-links.ts'
import { method } from './method.ts'

const opened: { readonly close: () => Promise<void> }[] = []

afterEach(async () => {
  for (const part of opened.splice(0).toReversed()) await part.close()
})

async function peerWith(options?: PeerOptions): Promise<AmqpPeer> {
  const peer = await openPeer(options)
  opened.push(peer)
  return peer
}

function serverAt({ url }: { readonly url: URL }, connectTimeoutMs = 5000): AmqpServer {
  return { url, vhost: 'weir.shop', connectionName: 'test', heartbeatSeconds: 10, connectTimeoutMs }
}

interface Opened<Link> {
  readonly link: Link
  readonly lost: Error[]
  readonly told: string[]
}

async function openConsumer(peer: AmqpPeer, clock?: Clock): Promise<Opened<ConsumerLink>> {
  const lost: Error[] = []
  const link = await leanLinks(clock).openConsumer(serverAt(peer), { onLost: (error) => lost.push(error) })
  opened.push(link)
  return { link, lost, told: [] }
}

async function openPublisher(peer: AmqpPeer): Promise<Opened<PublisherLink>> {
  const lost: Error[] = []
  const told: string[] = []
  const link = await leanLinks().openPublisher(serverAt(peer), {
    onLost: (error) => lost.push(error),
    onConfirm: (number, { multiple, isAccepted }) => told.push(`confirm ${number} ${multiple} ${isAccepted}`),
    onReturn: (correlationId) => told.push(`return ${correlationId}`),
    onBlocked: (reason) => told.push(`blocked ${reason}`),
    onUnblocked: () => told.push('unblocked'),
  })
  opened.push(link)
  return { link, lost, told }
}

const never = (): void => {
  throw new Error('not expected')
}

function closeFrame(id: number, channel: number, replyCode: number, replyText: string): Buffer {
  return amqplibCodec.method(id, channel, { replyCode, replyText, classId: 0, methodId: 0 })
}

function deliver(channel: number, deliveryTag: number, body: Buffer): Buffer {
  const fields = { consumerTag: 'c1', deliveryTag, redelivered: false, exchange: 'steps', routingKey: 'q' }
  return Buffer.concat([
    amqplibCodec.method(method.basicDeliver, channel, fields),
    amqplibCodec.header(channel, body.length, { messageId: `m${deliveryTag}`, headers: { weir: '{}' } }),
    ...(body.length === 0 ? [] : [amqplibCodec.body(channel, body)]),
  ])
}

describe('opening a link', () => {
  it('tells the server who we are and what we understand', async () => {
    const peer = await peerWith()
    await openConsumer(peer)
    const [startOk, tuneOk, open] = peer.received
    expect(startOk?.fields).toMatchObject({
      mechanism: 'PLAIN',
      response: Buffer.from('\0user\0secret'),
      clientProperties: {
        connection_name: 'test',
        capabilities: { 'connection.blocked': true, consumer_cancel_notify: true },
      },
    })
    expect(tuneOk?.fields).toEqual({ channelMax: 10, frameMax: 131_072, heartbeat: 10 })
    expect(open?.fields).toMatchObject({ virtualHost: 'weir.shop' })
  })

  it.each<{ name: string; options: PeerOptions; code: string; want: RegExp }>([
    {
      name: 'a web server',
      options: { greeting: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') },
      code: 'BrokerProtocolError',
      want: /"HTTP\/1\.".*is this its port for AMQP/,
    },
    {
      name: 'a server without PLAIN',
      options: { mechanisms: 'EXTERNAL' },
      code: 'BrokerUnsupported',
      want: /only EXTERNAL; enable it/,
    },
    {
      name: 'a server that is too old',
      options: { capabilities: { publisher_confirms: true, 'basic.nack': false } },
      code: 'BrokerUnsupported',
      want: /lacks basic\.nack, consumer_cancel_notify.*RabbitMQ 3\.10 or newer/,
    },
    {
      name: 'a wrong password',
      options: {
        answers: {
          [method.connectionStartOk]: () =>
            closeFrame(method.connectionClose, 0, 403, 'ACCESS_REFUSED - Login was refused'),
        },
      },
      code: 'BrokerLoginRefused',
      want: /check user and password/,
    },
    {
      name: 'an answer to another question',
      options: {
        answers: {
          [method.connectionOpen]: () => amqplibCodec.method(method.channelOpenOk, 0, { channelId: Buffer.alloc(0) }),
        },
      },
      code: 'BrokerProtocolError',
      want: /channelOpenOk on channel 0, where it cannot be/,
    },
    {
      name: 'a start that is cut short',
      options: {
        greeting: Buffer.from([1, 0, 0, 0, 0, 0, 8, 0, 10, 0, 10, 0, 9, 0, 0, 0xce]),
      },
      code: 'BrokerProtocolError',
      want: /a value of 4 bytes where 2 are left/,
    },
  ])('fails clearly at $name', async ({ options, code, want }) => {
    const peer = await peerWith(options)
    const error: unknown = await openConsumer(peer).catch((error: unknown) => error)
    expect(error).toMatchObject({ code, message: expect.stringMatching(want) as string })
    expect((error as Error).message).not.toContain('secret')
  })

  it('fails when the server hangs up on the greeting', async () => {
    const peer = await peerWith({ mute: [method.connectionStart] })
    const opening = openConsumer(peer)
    opening.catch(() => {})
    peer.hangUp()
    const patience = setInterval(peer.hangUp, 5)
    await expect(opening).rejects.toMatchObject({ code: 'BrokerConnectionLost' })
    clearInterval(patience)
  })

  it.each([
    { name: 'never greets', mute: method.connectionStart },
    { name: 'never opens the vhost', mute: method.connectionOpen },
    { name: 'never opens a channel', mute: method.channelOpen },
    { name: 'never selects confirms', mute: method.confirmSelect },
  ])('fails in time at a server that $name', async ({ mute }) => {
    const peer = await peerWith({ mute: [mute] })
    const opening = leanLinks().openPublisher(serverAt(peer, 60), {
      onLost: never,
      onConfirm: never,
      onReturn: never,
      onBlocked: never,
      onUnblocked: never,
    })
    await expect(opening).rejects.toMatchObject({ code: 'BrokerTimeout' })
  })

  it('fails where nobody listens', async () => {
    const peer = await openPeer()
    await peer.close()
    await expect(openConsumer(peer)).rejects.toMatchObject({ code: 'BrokerUnreachable' })
  })
})

describe('opening a link by TLS', () => {
  const events = { onLost: never }

  it('works with a certificate that is trusted', async () => {
    const peer = await peerWith({ tls: testCertificate })
    const link = await leanLinks().openConsumer({ ...serverAt(peer), tls: { ca: testCertificate.cert } }, events)
    const got: RawDelivery[] = []
    const channel = await link.openChannel({ onDelivery: (delivery) => got.push(delivery), onEnd: never })
    await channel.consume('q', 1)
    peer.send(deliver(1, 1, Buffer.alloc(100_000, 1)))
    await vi.waitFor(() => expect(got.map(({ body }) => body.length)).toEqual([100_000]))
    await link.close()
  })

  it.each([
    { name: 'a certificate that nobody trusts', options: { tls: testCertificate } },
    { name: 'a server without TLS', options: { greeting: Buffer.from('AMQP\0\0\x09\x01') } },
  ])('fails clearly at $name', async ({ options }) => {
    const peer = await peerWith(options)
    const url = new URL(peer.url.href.replace('amqp:', 'amqps:'))
    const opening = leanLinks().openConsumer(serverAt({ url }), events)
    await expect(opening).rejects.toMatchObject({
      code: 'BrokerTlsError',
      message: expect.stringContaining('check the certificates and the port') as string,
    })
  })
})

describe('an open link', () => {
  it('delivers each message once, whatever the cuts of its bytes', async () => {
    const peer = await peerWith()
    const { link } = await openConsumer(peer)
    const got: RawDelivery[] = []
    const channel = await link.openChannel({ onDelivery: (delivery) => got.push(delivery), onEnd: never })
    await channel.consume('q', 10)
    const bodies = Array.from({ length: 40 }, (_, n) => Buffer.alloc((n * 37) % 400, n))
    const bytes = Buffer.concat(bodies.map((body, n) => deliver(1, n + 1, body)))
    for (let at = 0, n = 1; at < bytes.length; at += n, n = (n * 7) % 97) {
      peer.send(bytes.subarray(at, at + n))
      await turn()
    }
    await vi.waitFor(() => expect(got).toHaveLength(bodies.length))
    expect(got.map(({ body }) => body)).toEqual(bodies)
    expect(got.map(({ messageId }) => messageId)).toEqual(bodies.map((_, n) => `m${n + 1}`))
  })

  it('passes on confirms, refusals, returns and alarms', async () => {
    const peer = await peerWith()
    const { told } = await openPublisher(peer)
    const returned = { replyCode: 312, replyText: 'NO_ROUTE', exchange: '', routingKey: 'q' }
    peer.send(
      Buffer.concat([
        amqplibCodec.method(method.basicReturn, 1, returned),
        amqplibCodec.header(1, 2, { correlationId: '1', headers: { weir: '{}' } }),
        amqplibCodec.body(1, Buffer.from('hi')),
        amqplibCodec.method(method.basicAck, 1, { deliveryTag: 1, multiple: false }),
        amqplibCodec.method(method.basicNack, 1, { deliveryTag: 3, multiple: true, requeue: false }),
        amqplibCodec.method(method.connectionBlocked, 0, { reason: 'low on memory' }),
        amqplibCodec.method(method.connectionUnblocked, 0, {}),
      ]),
    )
    await vi.waitFor(() => expect(told).toHaveLength(5))
    expect(told).toEqual([
      'return 1',
      'confirm 1 false true',
      'confirm 3 true false',
      'blocked low on memory',
      'unblocked',
    ])
  })

  it('is lost with its words when the server closes it, and refuses to publish after that', async () => {
    const peer = await peerWith()
    const { link, lost } = await openPublisher(peer)
    peer.send(closeFrame(method.connectionClose, 0, 320, 'CONNECTION_FORCED - shutdown'))
    await vi.waitFor(() => expect(lost).toHaveLength(1))
    expect(lost[0]?.message).toContain('320 CONNECTION_FORCED - shutdown')
    await vi.waitFor(() => expect(peer.received.at(-1)?.id).toBe(method.connectionCloseOk))
    const publication = {
      exchange: '',
      routingKey: 'q',
      messageId: '',
      correlationId: '',
      headers: '',
      body: Buffer.alloc(0),
    }
    expect(() => link.publish(publication)).toThrow(/is not connected/)
  })

  it('is lost as a publisher with its channel', async () => {
    const peer = await peerWith()
    const { lost } = await openPublisher(peer)
    peer.send(closeFrame(method.channelClose, 1, 404, "NOT_FOUND - no exchange 'x'"))
    await vi.waitFor(() => expect(lost).toHaveLength(1))
    expect(lost[0]?.message).toContain("404 NOT_FOUND - no exchange 'x'")
  })

  it('is lost when the server hangs up in the middle of a frame', async () => {
    const peer = await peerWith()
    const { link, lost } = await openConsumer(peer)
    await link.openChannel({ onDelivery: never, onEnd: never })
    peer.send(deliver(1, 1, Buffer.from('half')).subarray(0, -3))
    await turn()
    peer.hangUp()
    await vi.waitFor(() => expect(lost).toHaveLength(1))
    expect(lost[0]).toMatchObject({ code: 'BrokerConnectionLost' })
  })

  it('is lost when the server is silent for two heartbeats, having told that we live', async () => {
    const clock = simulatedClock()
    const peer = await peerWith({ heartbeat: 60 })
    const { lost } = await openConsumer(peer, clock)
    // The first look still sees what the greeting sent.
    await clock.advance(20_000)
    expect(lost).toEqual([])
    await vi.waitFor(() => expect(peer.beats()).toBe(2))
    await clock.advance(5000)
    expect(lost).toMatchObject([{ code: 'BrokerSilent' }])
    expect(clock.nextAt()).toBeUndefined()
  })

  it('is lost when a call is not answered in time', async () => {
    const clock = simulatedClock()
    const peer = await peerWith({ mute: [method.basicConsume] })
    const { link, lost } = await openConsumer(peer, clock)
    const channel = await link.openChannel({ onDelivery: never, onEnd: never })
    const consuming = channel.consume('q', 1)
    consuming.catch(() => {})
    await vi.waitFor(() => expect(peer.received.at(-1)?.id).toBe(method.basicConsume))
    await clock.advance(5000)
    await expect(consuming).rejects.toMatchObject({ code: 'BrokerTimeout' })
    expect(lost).toMatchObject([{ code: 'BrokerTimeout' }])
  })

  it('closes in time though the server does not answer, and tells nobody', async () => {
    const clock = simulatedClock()
    const peer = await peerWith({ mute: [method.connectionClose] })
    const { link, lost } = await openConsumer(peer, clock)
    let isClosed = false
    const closing = link.close().then(() => (isClosed = true))
    // A busy server has acknowledgements to read before.
    await clock.advance(4999)
    expect(isClosed).toBe(false)
    await clock.advance(1)
    await closing
    await link.close()
    expect(lost).toEqual([])
  })

  it('tells of nothing after its own close', async () => {
    const peer = await peerWith({ mute: [method.connectionClose] })
    const { link, lost } = await openConsumer(peer)
    const channel = await link.openChannel({ onDelivery: never, onEnd: never })
    await channel.consume('q', 1)
    const closing = link.close()
    peer.send(deliver(1, 1, Buffer.from('late')))
    peer.send(closeFrame(method.channelClose, 1, 406, 'late'))
    peer.send(amqplibCodec.method(method.connectionCloseOk, 0, {}))
    await closing
    expect(lost).toEqual([])
  })

  it('ends with one clear error, whatever else the server sends', async () => {
    const anyFrame = fc
      .record({
        type: fc.constantFrom(1, 1, 2, 3),
        channel: fc.constantFrom(0, 1, 1, 2),
        id: fc.constantFrom(...Object.values(method), 0x3c003d),
        payload: fc.uint8Array({ maxLength: 60 }),
      })
      .map(({ type, channel, id, payload }) => {
        const head = Buffer.alloc(7)
        const content = type === 1 ? [Buffer.of(id >>> 24, id >>> 16, id >>> 8, id), payload] : [payload]
        const body = Buffer.concat(content)
        head[0] = type
        head.writeUInt16BE(channel, 1)
        head.writeUInt32BE(body.length, 3)
        return Buffer.concat([head, body, Buffer.of(0xce)])
      })
    const garbage = fc.array(fc.oneof(anyFrame, anyFrame, fc.uint8Array({ maxLength: 50 })), {
      minLength: 1,
      maxLength: 8,
    })
    await fc.assert(
      fc.asyncProperty(garbage, async (parts) => {
        const peer = await openPeer()
        const lost: Error[] = []
        const link = await leanLinks().openConsumer(serverAt(peer), { onLost: (error) => lost.push(error) })
        await link.openChannel({ onDelivery: () => {}, onEnd: () => {} })
        for (const part of parts) peer.send(Buffer.from(part))
        await turn()
        peer.hangUp()
        await vi.waitFor(() => expect(lost).toHaveLength(1), { interval: 1 })
        expect(lost[0]).toHaveProperty('code', expect.stringMatching(/^Broker|^Vhost|^Queue/))
        await link.close()
        await peer.close()
      }),
      { numRuns: 150 },
    )
  })
})

describe('a channel', () => {
  it('tells once that the server has ended its consumer, and answers', async () => {
    const peer = await peerWith()
    const { link } = await openConsumer(peer)
    const ends: Error[] = []
    const channel = await link.openChannel({ onDelivery: never, onEnd: (error) => ends.push(error) })
    await channel.consume('q', 1)
    peer.send(amqplibCodec.method(method.basicCancel, 1, { consumerTag: 'c1', nowait: false }))
    peer.send(amqplibCodec.method(method.basicCancel, 1, { consumerTag: 'c1', nowait: false }))
    peer.send(closeFrame(method.channelClose, 1, 406, 'PRECONDITION_FAILED'))
    await vi.waitFor(() => expect(peer.received.at(-1)?.id).toBe(method.channelCloseOk))
    expect(peer.received.filter(({ id }) => id === method.basicCancelOk)).toHaveLength(2)
    expect(ends).toMatchObject([{ code: 'ConsumerCancelled' }])
  })

  it('tells by the call alone why a call has ended it', async () => {
    const answers = { [method.basicConsume]: () => closeFrame(method.channelClose, 1, 404, "NOT_FOUND - no queue 'q'") }
    const peer = await peerWith({ answers })
    const { link } = await openConsumer(peer)
    const channel = await link.openChannel({ onDelivery: never, onEnd: never })
    await expect(channel.consume('q', 1)).rejects.toMatchObject({ code: 'QueueNotFound' })
    await channel.close()
  })

  it('does not settle on a channel that has taken over its number', async () => {
    const peer = await peerWith()
    const { link } = await openConsumer(peer)
    const ends: Error[] = []
    const first = await link.openChannel({ onDelivery: never, onEnd: (error) => ends.push(error) })
    peer.send(closeFrame(method.channelClose, 1, 406, 'PRECONDITION_FAILED - unknown delivery tag 9'))
    await vi.waitFor(() => expect(ends).toHaveLength(1))
    const second = await link.openChannel({ onDelivery: never, onEnd: never })
    first.ack(1, true)
    first.requeue(2)
    await first.close()
    second.ack(5, true)
    await vi.waitFor(() => expect(peer.received.at(-1)?.id).toBe(method.basicAck))
    const settled = peer.received.filter(({ id }) => id === method.basicAck || id === method.basicReject)
    expect(settled).toMatchObject([{ channel: 1, fields: { deliveryTag: 5, multiple: true } }])
  })

  it('closes well when the server closes it at the same time', async () => {
    const peer = await peerWith({ mute: [method.channelClose] })
    const { link, lost } = await openConsumer(peer)
    const channel = await link.openChannel({ onDelivery: never, onEnd: never })
    const closing = channel.close()
    peer.send(closeFrame(method.channelClose, 1, 406, 'PRECONDITION_FAILED'))
    peer.send(amqplibCodec.method(method.channelCloseOk, 1, {}))
    await closing
    expect(lost).toEqual([])
    await link.openChannel({ onDelivery: never, onEnd: never })
    expect(peer.received.at(-1)).toMatchObject({ id: method.channelOpen, channel: 1 })
  })

  it('is refused beyond what the server allows on a connection', async () => {
    const peer = await peerWith()
    const { link } = await openConsumer(peer)
    for (let n = 0; n < 10; n += 1) await link.openChannel({ onDelivery: never, onEnd: never })
    const eleventh = link.openChannel({ onDelivery: never, onEnd: never })
    await expect(eleventh).rejects.toMatchObject({ code: 'BrokerChannelsUsed' })
  })
})
