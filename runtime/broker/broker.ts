import type { WireMessage } from '../wire/message.ts'

/**
 * The queues, as a runner sees them. Every adapter (memory, SQLite, RabbitMQ) passes the same conformance suite.
 *
 * Promised: a message whose publish was confirmed is delivered until it is acknowledged, in the order of publishing per
 * queue, requeued ones first, in their old order; a delivery that was neither acknowledged nor requeued when its subscription closes comes back.
 */
export interface Broker {
  /**
   * Safe to repeat. For a user who may not declare a queue it is enough that another has, with whatever properties.
   *
   * @throws {PermanentError} `QueueMismatch` when a queue exists with other properties; `BrokerAccessRefused`, naming it, when it is not there and may not be declared
   */
  readonly declareQueues: (queues: readonly QueueDeclaration[]) => Promise<void>
  /**
   * Resolves when the message is safe (`confirmed`), or nobody owns the queue (`unroutable`: it is nowhere, the caller still has it).
   * The body's bytes belong to the broker from now on: an adapter need not copy them.
   *
   * @throws {TransientError} the outcome is unknown: publish again, with the same id
   */
  readonly publish: (target: Target, message: WireMessage) => Promise<PublishOutcome>
  /**
   * Deliveries arrive until `close`, never within a call of another method; at most `prefetch` (≥ 1) are unsettled at a time.
   *
   * @throws {PermanentError} `QueueNotFound` when there is no such queue
   */
  readonly consume: (
    queue: string,
    options: ConsumeOptions,
    onDelivery: (delivery: Delivery) => void,
  ) => Promise<Subscription>
  /** Undefined when there is no such queue. */
  readonly depth: (queue: string) => Promise<QueueDepth | undefined>
  /**
   * From now on publishes to it are unroutable, and what comes back from a delay goes to `unrouted`; what it holds can still be consumed.
   * Declaring it again binds it again. Safe to repeat; one that is gone is no error.
   */
  readonly unbindQueue: (queue: string) => Promise<void>
  /** From now on unroutable; its subscriptions end. Its messages are the caller's to move first. One that is gone is no error. */
  readonly deleteQueue: (queue: string) => Promise<void>
  /** Whether it can work now; cheap. */
  readonly health: () => BrokerHealth
  /** Unsettled deliveries return to their queues. Safe to repeat. */
  readonly close: () => Promise<void>
}

export type BrokerHealth =
  | { readonly kind: 'ready' }
  /** `reason` names the server and what to do, never a password; `since` in milliseconds since 1970. */
  | { readonly kind: 'connecting'; readonly since: number; readonly reason: string }
  /** The broker takes no messages: an alarm of its memory or disk. */
  | { readonly kind: 'blocked'; readonly since: number; readonly reason: string }

export interface QueueDeclaration {
  readonly name: string
  /** Of several subscriptions one gets deliveries, the next takes over when it closes. */
  readonly singleActiveConsumer?: boolean
  /** Beyond this many the oldest go, and are counted. For observations and replies, never for messages. */
  readonly dropHeadAbove?: number
  /** Goes with this connection, and is made anew when that comes back: for replies. */
  readonly temporary?: boolean
}

export type Target =
  | { readonly kind: 'queue'; readonly queue: string }
  /** Parked, then delivered to the queue; one that is gone by then sends the message to `unrouted`. */
  | { readonly kind: 'delay'; readonly queue: string; readonly delayMs: number }

export type PublishOutcome = 'confirmed' | 'unroutable'

export interface ConsumeOptions {
  readonly prefetch: number
  /** Whether the queue was declared so, for whoever consumes what another connection has declared. */
  readonly singleActiveConsumer?: boolean
  /** Called when the broker ends the subscription: the queue was deleted, the connection is lost for good. */
  readonly onEnd?: (reason: Error) => void
  /** Called when the channel is lost and consuming goes on by itself: what was delivered before comes again, here or elsewhere. */
  readonly onInterrupted?: () => void
}

export interface Subscription {
  /** How many may be unsettled from now on, ≥ 1; those that are under way stay. A hint: it may stay as it was where the queue has a single active consumer, or nobody has said that it has not. */
  readonly setPrefetch: (prefetch: number) => void
  /** Stops new deliveries and gives the unsettled ones back. */
  readonly close: () => Promise<void>
}

export interface Delivery {
  readonly message: WireMessage
  /** True when it may have been delivered before. */
  readonly redelivered: boolean
  /** Earlier deliveries that were not settled; rises for everything prefetched, so it only warns. */
  readonly deliveryCount: number
  /** The first settlement counts; a later one, or one after the subscription's end, does nothing. */
  readonly ack: () => void
  readonly requeue: () => void
}

/** The same delivery with another message in it. A spread would not do: an adapter's delivery may be of a class. */
export function withMessage(delivery: Delivery, message: WireMessage): Delivery {
  const { redelivered, deliveryCount } = delivery
  return { message, redelivered, deliveryCount, ack: () => delivery.ack(), requeue: () => delivery.requeue() }
}

export interface QueueDepth {
  readonly ready: number
  /** Delivered and not settled; undefined where the broker cannot tell. */
  readonly unacknowledged?: number
  /** Parked for this queue; undefined where the broker cannot tell. */
  readonly parked?: number
  readonly consumers: number
  /** Gone from the head since the declaration; undefined where the broker cannot tell. */
  readonly dropped?: number
}

/** Where messages go that have used up their attempts; the recorder consumes it. */
export const deadQueue = 'dead'
/** Where messages go whose target is gone. */
export const unroutedQueue = 'unrouted'
/** Batches of observations on their way to the recorder; the oldest go first when there are too many. */
export const eventsQueue = 'events'
/** One consumer at a time: a gap in what it gets is a drop. A message is a batch of up to 256 KB. */
export const eventsDeclaration: QueueDeclaration = {
  name: eventsQueue,
  dropHeadAbove: 500,
  singleActiveConsumer: true,
}
