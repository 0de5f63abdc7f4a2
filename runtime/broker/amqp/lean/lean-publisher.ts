import type { Clock } from '../../../clock.ts'
import { TransientError } from '../../../error.ts'
import type { AmqpServer, PublisherEvents, PublisherLink } from '../amqp-link.ts'
import { serverName } from '../connect-error.ts'
import { Connection, type Channel } from './connection.ts'
import { contentAssembler } from './content-assembler.ts'
import { takeU64, takeU8 } from './cursor.ts'
import { method } from './method.ts'
import { openLink } from './open-link.ts'
import { publishEncoder } from './publish-encoder.ts'
import { request, u8 } from './request.ts'

/** One channel in confirm mode; when the server closes the channel, the link is lost with its reason. */
export function openLeanPublisher(server: AmqpServer, events: PublisherEvents, clock: Clock): Promise<PublisherLink> {
  const connection = new Connection(server, events, clock)
  return openLink(server, connection, async () => {
    const content = contentAssembler({ onReturn: events.onReturn, onDelivery: () => {} })
    const channel = connection.addChannel({
      onMethod: (id, cursor) => {
        if (id === method.basicAck || id === method.basicNack) {
          const number = takeU64(cursor)
          const multiple = (takeU8(cursor) & 1) !== 0
          events.onConfirm(number, { multiple, isAccepted: id === method.basicAck })
        } else if (id === method.basicReturn) content.announce({ kind: 'return' })
        else return false
        return true
      },
      onHeader: content.header,
      onBody: content.body,
      onClosed: (failure) => connection.lose(failure),
    })
    await connection.openChannel(channel)
    if (!server.fireAndForget) {
      await connection.call(channel, method.confirmSelectOk, request(channel.number, method.confirmSelect, u8(0)))
    }
    return publisherLink(connection, channel, serverName(server))
  })
}

function publisherLink(connection: Connection, channel: Channel, name: string): PublisherLink {
  const encoder = publishEncoder(connection.outbox, channel.number, connection.frameMax)
  let published = 0
  return {
    publish: (publication) => {
      if (!connection.isOpen(channel)) throw new TransientError('BrokerConnectionLost', `${name} is not connected`)
      encoder.put(publication)
      connection.sendSoon()
      published += 1
      return published
    },
    close: () => connection.close(),
  }
}
