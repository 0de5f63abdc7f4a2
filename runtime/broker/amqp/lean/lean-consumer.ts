import type { Clock } from '../../../clock.ts'
import type { AmqpServer, ChannelEvents, ConsumerChannel, ConsumerLink, LinkEvents } from '../amqp-link.ts'
import { linkError, type LinkFailure } from '../connect-error.ts'
import { Connection, type Channel } from './connection.ts'
import { contentAssembler, type ContentAssembler } from './content-assembler.ts'
import { skipShortText, takeShortText, takeU64, takeU8, type Cursor } from './cursor.ts'
import { frameEnd, frameType } from './frame-parser.ts'
import { method } from './method.ts'
import { openLink } from './open-link.ts'
import { reserve, type Outbox } from './outbox.ts'
import { request, shortText, table, u16, u32, u8 } from './request.ts'

export function openLeanConsumer(server: AmqpServer, events: LinkEvents, clock: Clock): Promise<ConsumerLink> {
  const connection = new Connection(server, events, clock)
  return openLink(server, connection, () =>
    Promise.resolve({
      openChannel: async (channelEvents) => {
        const channel = new LeanChannel(connection, server, channelEvents)
        await channel.open()
        return channel
      },
      close: () => connection.close(),
    }),
  )
}

const maxPrefetch = 0xffff
const ackFrameBytes = 21
/** Flag of a consumer that acknowledges nothing. */
const noAck = 2

class LeanChannel implements ConsumerChannel {
  readonly #connection: Connection
  readonly #server: AmqpServer
  readonly #onEnd: (error: Error) => void
  readonly #content: ContentAssembler
  readonly #channel: Channel
  #consumers = 0
  #tag: string | undefined
  #isOver = false

  constructor(connection: Connection, server: AmqpServer, { onDelivery, onEnd }: ChannelEvents) {
    this.#connection = connection
    this.#server = server
    this.#onEnd = onEnd
    this.#content = contentAssembler({ onDelivery, onReturn: () => {} })
    this.#channel = connection.addChannel({
      onMethod: (id, cursor) => this.#onMethod(id, cursor),
      onHeader: this.#content.header,
      onBody: this.#content.body,
      // A call that failed has told its caller already.
      onClosed: (failure, wasCall) => (wasCall ? undefined : this.#end(failure)),
    })
  }

  open(): Promise<void> {
    return this.#connection.openChannel(this.#channel)
  }

  async consume(queue: string, prefetch: number): Promise<void> {
    const channel = this.#channel
    const { number } = channel
    const replaced = this.#tag
    this.#consumers += 1
    const tag = `c${this.#consumers}`
    this.#tag = tag
    const qos = [u32(0), u16(Math.min(prefetch, maxPrefetch)), u8(0)]
    const flags = u8(this.#server.fireAndForget ? noAck : 0)
    const consume = [u16(0), shortText(queue), shortText(tag), flags, table({})]
    // The limit holds for consumers that begin after it, so a changed one needs a new consumer: first the new, then
    // the old one's end, and nobody else gets the queue between them.
    await Promise.all([
      this.#connection.call(channel, method.basicQosOk, request(number, method.basicQos, ...qos)),
      this.#connection.call(channel, method.basicConsumeOk, request(number, method.basicConsume, ...consume)),
      replaced === undefined ? undefined : this.#cancel(replaced),
    ])
  }

  ack(deliveryTag: number, multiple: boolean): void {
    this.#settle(method.basicAck, deliveryTag, multiple)
  }

  requeue(deliveryTag: number): void {
    this.#settle(method.basicReject, deliveryTag, true)
  }

  async cancel(): Promise<void> {
    const tag = this.#tag
    if (tag === undefined || this.#isOver || !this.#connection.isOpen(this.#channel)) return
    this.#tag = undefined
    await this.#cancel(tag)
  }

  async close(): Promise<void> {
    this.#isOver = true
    await this.#connection.closeChannel(this.#channel).catch(() => {}) // it is gone in any case
  }

  async #cancel(tag: string): Promise<void> {
    const cancel = request(this.#channel.number, method.basicCancel, shortText(tag), u8(0))
    await this.#connection.call(this.#channel, method.basicCancelOk, cancel)
  }

  /** Does nothing once the channel has ended: the broker has taken its deliveries back. */
  #settle(id: number, deliveryTag: number, flag: boolean): void {
    if (!this.#connection.isOpen(this.#channel)) return
    putSettlement(this.#connection.outbox, this.#channel.number, { method: id, deliveryTag, flag })
    this.#connection.sendSoon()
  }

  #onMethod(id: number, cursor: Cursor): boolean {
    if (id === method.basicDeliver) announceDelivery(this.#content, cursor)
    else if (id === method.basicCancel) this.#onCancel(cursor)
    else return false
    return true
  }

  #onCancel(cursor: Cursor): void {
    const tag = takeShortText(cursor)
    const isAnswered = (takeU8(cursor) & 1) === 0
    if (isAnswered) this.#connection.send(request(this.#channel.number, method.basicCancelOk, shortText(tag)))
    if (tag === this.#tag) this.#end({ kind: 'cancelled' })
  }

  #end(failure: LinkFailure): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onEnd(linkError(this.#server, failure))
  }
}

function announceDelivery(content: ContentAssembler, cursor: Cursor): void {
  skipShortText(cursor) // consumer tag
  const deliveryTag = takeU64(cursor)
  content.announce({ kind: 'delivery', deliveryTag, redelivered: (takeU8(cursor) & 1) !== 0 })
}

interface Settlement {
  readonly method: number
  readonly deliveryTag: number
  /** `multiple` of an acknowledgement, `requeue` of a refusal. */
  readonly flag: boolean
}

function putSettlement(outbox: Outbox, channel: number, { method, deliveryTag, flag }: Settlement): void {
  reserve(outbox, ackFrameBytes)
  const { slab, at } = outbox
  slab[at] = frameType.method
  slab.writeUInt16BE(channel, at + 1)
  slab.writeUInt32BE(13, at + 3) // method, delivery tag, flag
  slab.writeUInt32BE(method, at + 7)
  slab.writeUInt32BE(Math.floor(deliveryTag / 2 ** 32), at + 11)
  slab.writeUInt32BE(deliveryTag % 2 ** 32, at + 15)
  slab[at + 19] = flag ? 1 : 0
  slab[at + 20] = frameEnd
  outbox.at = at + ackFrameBytes
}
