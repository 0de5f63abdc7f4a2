import type { Logger } from 'pino'
import type { CancelTimer, Clock } from '../../clock.ts'
import { sleep } from '../../clock.ts'
import { PermanentError, TransientError } from '../../error.ts'
import type { WireMessage } from '../../wire/message.ts'
import type { ConsumeOptions, Delivery } from '../broker.ts'
import type { Settlements } from './amqp-delivery.ts'
import { AmqpDelivery } from './amqp-delivery.ts'
import type { ConsumerChannel, ConsumerLink, RawDelivery } from './amqp-link.ts'
import { AckLedger } from './decide/ack-ledger.ts'
import { backoffMs } from './decide/backoff.ts'
import { decodeHeaders } from './decide/message-headers.ts'

export interface SubscriptionParts {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
  /** What is to be delivered in place of a message that is none of ours; undefined when it was taken over, with its settlement. */
  readonly onMalformed: (malformed: MalformedDelivery) => WireMessage | undefined
  /** Nothing is acknowledged. */
  readonly fireAndForget: boolean
  /** Whether the server knows the queue. */
  readonly isThere: (queue: string) => Promise<boolean>
  /** Told when it is over, whoever has ended it. */
  readonly onOver: () => void
}

export interface MalformedDelivery extends Pick<Delivery, 'ack' | 'requeue'> {
  readonly queue: string
  readonly raw: RawDelivery
  readonly reason: string
}

const unsettled: Settlements = { ack: () => {}, requeue: () => {} }

/** Between looks for a queue whose consumer the server has ended. A queue that is being deleted is known for a moment longer. */
const goneLooksMs = [20, 50, 100, 200, 400, 400]

const gatherMs = 10

/** What is valid as long as one channel is. */
interface Generation extends Settlements {
  readonly ledger: AckLedger
  channel: ConsumerChannel | undefined
  isLive: boolean
  /** Acknowledged since the server was told last. */
  untold: number
  /** The server is told at the end of this turn. */
  isFlushing: boolean
  cancelGather: CancelTimer | undefined
  cancelStall: CancelTimer | undefined
}

/** One queue's consumer, begun anew on each link; settlements of an earlier channel do nothing. */
export class AmqpSubscription {
  readonly queue: string
  readonly #parts: SubscriptionParts
  readonly #onDelivery: (delivery: Delivery) => void
  readonly #onEnd: ((reason: Error) => void) | undefined
  readonly #onInterrupted: (() => void) | undefined
  readonly #isShared: boolean
  #prefetch: number
  #link: ConsumerLink | undefined
  #generation: Generation | undefined
  #isOver = false
  #consuming: Promise<void> = Promise.resolve()

  constructor(
    parts: SubscriptionParts,
    queue: string,
    own: ConsumeOptions & { readonly onDelivery: (delivery: Delivery) => void },
  ) {
    this.#parts = parts
    this.queue = queue
    this.#prefetch = own.prefetch
    this.#onDelivery = own.onDelivery
    this.#onEnd = own.onEnd
    this.#onInterrupted = own.onInterrupted
    this.#isShared = own.singleActiveConsumer === false
  }

  /** Begins on this link. @throws what `ConsumerChannel.consume` throws */
  async begin(link: ConsumerLink): Promise<void> {
    if (this.#isOver) return
    this.#link = link
    const generation: Generation = {
      ack: (tag) => this.#ack(generation, tag),
      requeue: (tag) => this.#requeue(generation, tag),
      ledger: new AckLedger(),
      channel: undefined,
      isLive: true,
      untold: 0,
      isFlushing: false,
      cancelGather: undefined,
      cancelStall: undefined,
    }
    this.#generation = generation
    const isCurrent = (): boolean => this.#generation === generation && generation.isLive
    generation.channel = await link.openChannel({
      onDelivery: (raw) => this.#deliver(generation, raw),
      onEnd: (error) => {
        if (isCurrent()) void this.#recover(link, error)
      },
    })
    // The link, or this subscription, may be gone meanwhile.
    if (!isCurrent()) return generation.channel.close()
    await generation.channel.consume(this.queue, this.#prefetch)
    if (!isCurrent()) await generation.channel.close()
  }

  /** Begins on a new link, for ever; ends when the queue is gone. Never rejects. */
  async resume(link: ConsumerLink): Promise<void> {
    this.#link = link
    const { clock, random, log } = this.#parts
    for (let failures = 1; this.#link === link && !this.#isOver; failures += 1) {
      try {
        return await this.begin(link)
      } catch (err) {
        // What has begun on another link meanwhile is not this one's to end.
        if (this.#link !== link) return
        void this.#drop()
        if (isGone(err))
          return this.#end(new PermanentError('QueueDeleted', `queue ${this.queue} is gone`, { cause: err }))
        if (failures === 2) log.warn({ queue: this.queue, err }, 'queue cannot be consumed now, it is tried again')
        await sleep(clock, backoffMs(failures, random()))
      }
    }
  }

  /** The link is lost. */
  detach(): void {
    this.#link = undefined
    void this.#drop()
    if (!this.#isOver) this.#onInterrupted?.()
  }

  setPrefetch(prefetch: number): void {
    if (prefetch === this.#prefetch) return
    this.#prefetch = prefetch
    const generation = this.#generation
    const change = async (): Promise<void> => {
      const { channel, isLive } = generation ?? {}
      // Only the last of several that came meanwhile.
      if (channel === undefined || isLive !== true || this.#prefetch !== prefetch) return
      await channel.consume(this.queue, prefetch)
    }
    this.#consuming = this.#consuming.then(change).catch((error: unknown) => {
      const link = this.#link
      if (link !== undefined && generation === this.#generation && generation?.isLive) void this.#recover(link, error)
    })
  }

  /** What was settled is told to the server, what was not goes back. Safe to repeat. */
  async close(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    const generation = this.#generation
    if (generation?.isLive) this.#tell(generation, Infinity)
    this.#parts.onOver()
    // Where another consumer waits for its turn, it must find what is held in its old place.
    if (generation?.isLive && this.#isShared) await this.#cancel(generation)
    await this.#drop()
  }

  /** The server has ended the consumer or its channel; the link stands. */
  async #recover(link: ConsumerLink, error: unknown): Promise<void> {
    this.#parts.log.info({ queue: this.queue, err: error }, 'consumer was ended by the server')
    void this.#drop()
    if (isGone(error))
      return this.#end(new PermanentError('QueueDeleted', `queue ${this.queue} is gone`, { cause: error }))
    this.#onInterrupted?.()
    if (isCancel(error) && (await this.#isGoneSoon(link)))
      return this.#end(new PermanentError('QueueDeleted', `queue ${this.queue} is gone`, { cause: error }))
    // Lost while it was looked at: the next link begins by itself.
    if (this.#link === link) await this.resume(link)
  }

  /** Looked for, and not consumed to see it: to consume a queue that is being deleted ends the whole connection (4.0: 541), or hangs. */
  async #isGoneSoon(link: ConsumerLink): Promise<boolean> {
    const { clock, isThere } = this.#parts
    for (const pauseMs of goneLooksMs) {
      await sleep(clock, pauseMs)
      if (this.#link !== link || this.#isOver) return false
      // No answer: the link is about to be lost, too.
      const isKnown = await isThere(this.queue).catch(() => true)
      if (!isKnown) return true
    }
    return false
  }

  #end(reason: PermanentError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#parts.onOver()
    this.#onEnd?.(reason)
  }

  async #cancel(generation: Generation): Promise<void> {
    generation.isLive = false
    await generation.channel?.cancel().catch(() => {}) // it is gone, and what it held with it
  }

  #drop(): Promise<void> {
    const generation = this.#generation
    this.#generation = undefined
    if (generation === undefined) return Promise.resolve()
    generation.isLive = false
    generation.cancelGather?.()
    generation.cancelStall?.()
    return generation.channel?.close() ?? Promise.resolve()
  }

  #deliver(generation: Generation, raw: RawDelivery): void {
    if (!generation.isLive) return
    const { fireAndForget, clock } = this.#parts
    if (!fireAndForget) generation.ledger.delivered(raw.deliveryTag, clock.now())
    const settlements = fireAndForget ? unsettled : generation
    const decoded = decodeHeaders(raw.headers)
    const message =
      decoded.kind === 'headers'
        ? { id: raw.messageId, headers: decoded.headers, body: raw.body }
        : this.#malformed(raw, decoded.reason, settlements)
    if (message === undefined) return
    try {
      this.#onDelivery(new AmqpDelivery(message, raw, settlements))
    } catch (error) {
      // A handler's mistake is nobody else's: thrown here it would close the channel for all that is under way.
      queueMicrotask(() => {
        throw error
      })
    }
  }

  #malformed(raw: RawDelivery, reason: string, { ack, requeue }: Settlements): WireMessage | undefined {
    const { queue } = this
    const { deliveryTag: tag } = raw
    return this.#parts.onMalformed({ queue, raw, reason, ack: () => ack(tag), requeue: () => requeue(tag) })
  }

  #ack(generation: Generation, tag: number): void {
    if (generation.isLive && generation.ledger.ack(tag, this.#parts.clock.now())) this.#gather(generation)
  }

  #requeue(generation: Generation, tag: number): void {
    if (!generation.isLive || !generation.ledger.requeue(tag, this.#parts.clock.now())) return
    generation.channel?.requeue(tag)
    this.#flushLater(generation)
  }

  /** A quarter of what may be held, or all of a few milliseconds: each frame is a command that a quorum queue has to write. */
  #gather(generation: Generation): void {
    generation.untold += 1
    if (generation.untold * 4 >= this.#prefetch) this.#flushLater(generation)
    else if (generation.cancelGather === undefined) this.#armGather(generation)
  }

  #armGather(generation: Generation): void {
    generation.cancelGather = this.#parts.clock.setTimer(gatherMs, () => {
      generation.cancelGather = undefined
      this.#flushLater(generation)
    })
  }

  /** Once a turn of the loop, however many were settled in it. */
  #flushLater(generation: Generation): void {
    if (generation.isFlushing) return
    generation.isFlushing = true
    setImmediate(() => {
      generation.isFlushing = false
      if (generation.isLive) this.#tell(generation, this.#parts.clock.now())
    })
  }

  #tell(generation: Generation, nowMs: number): void {
    const { ledger, channel } = generation
    generation.untold = 0
    for (const { deliveryTag, multiple } of ledger.take(nowMs)) channel?.ack(deliveryTag, multiple)
    const stalledInMs = ledger.stalledInMs(nowMs)
    if (stalledInMs === undefined || generation.cancelStall !== undefined) return
    generation.cancelStall = this.#parts.clock.setTimer(stalledInMs, () => {
      generation.cancelStall = undefined
      if (generation.isLive) this.#tell(generation, this.#parts.clock.now())
    })
  }
}

/** Because its queue was deleted; or has moved, and goes on elsewhere. */
function isCancel(error: unknown): boolean {
  return error instanceof TransientError && error.code === 'ConsumerCancelled'
}

function isGone(error: unknown): boolean {
  return error instanceof PermanentError && error.code === 'QueueNotFound'
}
