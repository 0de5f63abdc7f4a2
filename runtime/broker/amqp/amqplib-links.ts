import type { Channel, ConsumeMessage } from 'amqplib'
import type {
  AmqpLinks,
  AmqpServer,
  ChannelEvents,
  ConsumerChannel,
  ConsumerLink,
  LinkEvents,
  PublisherEvents,
  PublisherLink,
  RawDelivery,
} from './amqp-link.ts'
import type { AmqplibConnection } from './amqplib-connection.ts'
import { amqplibError, connectAmqplib, openAmqplibChannel } from './amqplib-connection.ts'
import { linkError } from './connect-error.ts'

/** The hot path by amqplib. */
export const amqplibLinks: AmqpLinks = { openPublisher, openConsumer }

async function openPublisher(server: AmqpServer, events: PublisherEvents): Promise<PublisherLink> {
  const connection = await connectAmqplib(server, events.onLost)
  const { model } = connection
  model.on('blocked', events.onBlocked)
  model.on('unblocked', events.onUnblocked)
  const opening: Promise<Channel> = server.fireAndForget ? model.createChannel() : model.createConfirmChannel()
  const channel = await connection.answered('a channel', opening).catch((error: unknown) => {
    connection.destroy()
    throw error
  })
  channel.on('error', (error) => {
    connection.destroy()
    events.onLost(amqplibError(server, error))
  })
  channel.on('return', ({ properties }) => events.onReturn(String(properties.correlationId)))
  channel.on('ack', ({ deliveryTag, multiple }) => events.onConfirm(deliveryTag, { multiple, isAccepted: true }))
  channel.on('nack', ({ deliveryTag, multiple }) => events.onConfirm(deliveryTag, { multiple, isAccepted: false }))
  const gather = gatherWrites(connection)
  let published = 0
  return {
    publish: ({ exchange, routingKey, messageId, correlationId, headers, body }) => {
      gather()
      channel.publish(exchange, routingKey, body, {
        messageId,
        correlationId,
        headers: { weir: headers },
        persistent: true,
        mandatory: true,
      })
      published += 1
      return published
    },
    close: connection.close,
  }
}

async function openConsumer(server: AmqpServer, events: LinkEvents): Promise<ConsumerLink> {
  const connection = await connectAmqplib(server, events.onLost)
  return { openChannel: channelsOf(server, connection), close: connection.close }
}

/** Channels to consume on, of a connection that is open. */
export function channelsOf(server: AmqpServer, connection: AmqplibConnection): ConsumerLink['openChannel'] {
  const gather = gatherWrites(connection)
  return async (events) => {
    const state = { isOpen: true, isTold: false, calls: 0 }
    const end = (error: unknown): void => {
      if (state.isTold) return
      state.isTold = true
      // Whoever called is told by the call.
      if (state.calls === 0) events.onEnd(amqplibError(server, error))
    }
    const channel = await connection.answered('a channel', openAmqplibChannel(connection.model, end))
    channel.on('close', () => {
      state.isOpen = false
    })
    return openedChannel(server, { channel, connection, state, gather, end, events })
  }
}

interface OpenedChannel {
  readonly channel: Channel
  readonly connection: AmqplibConnection
  readonly state: { isOpen: boolean; isTold: boolean; calls: number }
  readonly gather: () => void
  readonly end: (error: unknown) => void
  readonly events: ChannelEvents
}

function openedChannel(server: AmqpServer, opened: OpenedChannel): ConsumerChannel {
  const { channel, connection, state, gather, end, events } = opened
  const noAck = server.fireAndForget === true
  let consumerTag: string | undefined
  const consume = async (queue: string, prefetch: number): Promise<void> => {
    const before = consumerTag
    // Per consumer: a prefetch for the whole channel is an error from RabbitMQ 4.3 on.
    await channel.prefetch(prefetch, false)
    const onMessage = (message: ConsumeMessage | null): void => {
      if (message !== null) events.onDelivery(rawDelivery(message))
      else end(linkError(server, { kind: 'cancelled' }))
    }
    consumerTag = (await channel.consume(queue, onMessage, { noAck })).consumerTag
    if (before !== undefined) await channel.cancel(before)
  }
  return {
    consume: async (queue, prefetch) => {
      state.calls += 1
      try {
        await connection.answered('a consumer', consume(queue, prefetch))
      } finally {
        state.calls -= 1
      }
    },
    ack: (deliveryTag, multiple) => {
      if (!state.isOpen) return
      gather()
      channel.ack(messageOf(deliveryTag), multiple)
    },
    requeue: (deliveryTag) => {
      if (!state.isOpen) return
      gather()
      channel.nack(messageOf(deliveryTag), false, true)
    },
    cancel: async () => {
      if (!state.isOpen || consumerTag === undefined) return
      await connection.answered('the end of a consumer', channel.cancel(consumerTag))
    },
    close: async () => {
      if (!state.isOpen) return
      state.isOpen = false
      state.isTold = true
      await connection.answered('the end of a channel', channel.close()).catch(() => undefined) // it is gone in any case
    },
  }
}

/** All that amqplib reads of a message to settle it. */
function messageOf(deliveryTag: number): ConsumeMessage {
  return { fields: { deliveryTag } } as ConsumeMessage
}

function rawDelivery({ fields, properties, content }: ConsumeMessage): RawDelivery {
  const headers: Readonly<Record<string, unknown>> = properties.headers ?? {}
  const { weir, 'x-delivery-count': count } = headers
  const messageId: unknown = properties.messageId
  return {
    deliveryTag: fields.deliveryTag,
    redelivered: fields.redelivered,
    messageId: typeof messageId === 'string' ? messageId : '',
    headers: typeof weir === 'string' ? weir : '',
    deliveryCount: typeof count === 'number' ? count : 0,
    body: content,
  }
}

/**
 * Makes one write of a turn's frames. amqplib hands them to the socket in the turn after they were made, one by one,
 * and each would be a system call of its own.
 */
function gatherWrites({ stream }: AmqplibConnection): () => void {
  let isCorked = false
  const uncork = (): void => {
    isCorked = false
    stream.uncork()
  }
  return () => {
    if (isCorked) return
    isCorked = true
    stream.cork()
    setImmediate(() => setImmediate(uncork))
  }
}
