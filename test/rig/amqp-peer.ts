import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { frameParser, frameType } from '../../runtime/broker/amqp/lean/frame-parser.ts'
import { method } from '../../runtime/broker/amqp/lean/method.ts'
import { amqplibCodec } from './amqplib-codec.ts'

type Fields = Readonly<Record<string, unknown>>

interface Received {
  readonly id: number
  readonly channel: number
  readonly fields: Fields
}

export interface PeerOptions {
  readonly mechanisms?: string
  readonly capabilities?: Fields
  /** What it calls itself; RabbitMQ 3.10.8 when absent. */
  readonly properties?: Fields
  readonly heartbeat?: number
  /** Methods that are not answered. */
  readonly mute?: readonly number[]
  /** Sent in place of the usual answer to a method. */
  readonly answers?: Readonly<Record<number, (channel: number) => Buffer>>
  /** Sent to who connects, in place of AMQP. */
  readonly greeting?: Buffer
  /** Speaks TLS with this certificate. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** A server that speaks AMQP 0-9-1 by amqplib's encoder, and whatever else it is told to: RabbitMQ never misbehaves when asked. */
export interface AmqpPeer {
  readonly url: URL
  readonly received: readonly Received[]
  /** How many heartbeats came. */
  readonly beats: () => number
  readonly send: (bytes: Buffer) => void
  /** Without a word. */
  readonly hangUp: () => void
  readonly close: () => Promise<void>
}

/** All that RabbitMQ 3.10 can do of what is asked for. */
const allCapabilities = {
  publisher_confirms: true,
  'basic.nack': true,
  consumer_cancel_notify: true,
  'connection.blocked': true,
  authentication_failure_close: true,
}

export async function openPeer(options: PeerOptions = {}): Promise<AmqpPeer> {
  const sockets = new Set<Socket>()
  const received: Received[] = []
  let beats = 0
  const onBeat = (): void => {
    beats += 1
  }
  const onSocket = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    if (options.greeting === undefined) speak(socket, { options, received, onBeat })
    else socket.write(options.greeting)
  }
  const server = options.tls === undefined ? createServer(onSocket) : createTlsServer(options.tls, onSocket)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: new URL(
      `${options.tls === undefined ? 'amqp' : 'amqps'}://user:secret@127.0.0.1:${(server.address() as AddressInfo).port}`,
    ),
    received,
    beats: () => beats,
    send: (bytes) => {
      for (const socket of sockets) socket.write(bytes)
    },
    hangUp: () => {
      for (const socket of sockets) socket.destroy()
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function speak(
  socket: Socket,
  {
    options,
    received,
    onBeat,
  }: { readonly options: PeerOptions; readonly received: Received[]; readonly onBeat: () => void },
): void {
  const { mute = [], answers = {} } = options
  let isGreeted = false
  const parser = frameParser(({ type, bytes, start, end, channel }) => {
    if (type === frameType.heartbeat) onBeat()
    if (type !== frameType.method) return
    const id = bytes.readUInt32BE(start)
    const [frame] = amqplibCodec.decode(bytes.subarray(start - 7, end + 1))
    received.push({ id, channel, fields: frame?.fields ?? {} })
    if (mute.includes(id)) return
    const answer = answers[id]?.(channel) ?? usualAnswer(id, channel, options)
    if (answer !== undefined) socket.write(answer)
  })
  socket.on('data', (chunk: Buffer) => {
    if (!isGreeted) {
      isGreeted = true
      if (!mute.includes(method.connectionStart)) socket.write(greeting(options))
      if (chunk.length > 8) parser.push(chunk.subarray(8))
    } else parser.push(chunk)
  })
}

const usualProperties = { product: 'RabbitMQ', version: '3.10.8' }

function greeting({
  mechanisms = 'PLAIN AMQPLAIN',
  capabilities = allCapabilities,
  properties = usualProperties,
}: PeerOptions): Buffer {
  return amqplibCodec.method(method.connectionStart, 0, {
    versionMajor: 0,
    versionMinor: 9,
    serverProperties: { ...properties, capabilities },
    mechanisms: Buffer.from(mechanisms),
    locales: Buffer.from('en_US'),
  })
}

function usualAnswer(id: number, channel: number, { heartbeat = 0 }: PeerOptions): Buffer | undefined {
  const replies: Readonly<Record<number, readonly [number, Fields]>> = {
    [method.connectionStartOk]: [method.connectionTune, { channelMax: 10, frameMax: 131_072, heartbeat }],
    [method.connectionOpen]: [method.connectionOpenOk, { knownHosts: '' }],
    [method.connectionClose]: [method.connectionCloseOk, {}],
    [method.channelOpen]: [method.channelOpenOk, { channelId: Buffer.alloc(0) }],
    [method.channelClose]: [method.channelCloseOk, {}],
    [method.confirmSelect]: [method.confirmSelectOk, {}],
    [method.basicQos]: [method.basicQosOk, {}],
    [method.basicConsume]: [method.basicConsumeOk, { consumerTag: 'c1' }],
    [method.basicCancel]: [method.basicCancelOk, { consumerTag: 'c1' }],
  }
  const reply = replies[id]
  return reply === undefined ? undefined : amqplibCodec.method(reply[0], channel, reply[1])
}
