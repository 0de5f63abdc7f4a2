import type { Topology } from './decide/plan-topology.ts'

/**
 * The hot path of a RabbitMQ server, as little as the broker adapter needs of it: two implementations, amqplib and our own codec, keep it.
 * A link is one TCP connection with `noDelay`, heartbeats, and writes that are gathered to one per turn of the loop.
 * What fails is said by `linkError`, whichever it is; `close` ends in a second or two, if the server answers or not.
 */
export interface AmqpLinks {
  /** For publishing alone: one channel in confirm mode. */
  readonly openPublisher: (server: AmqpServer, events: PublisherEvents) => Promise<PublisherLink>
  /** For consuming alone: a channel for each subscription. */
  readonly openConsumer: (server: AmqpServer, events: LinkEvents) => Promise<ConsumerLink>
  /** Declares and binds all of it, for one answer's time. Where it cannot, whoever administers does it one by one. */
  readonly declare?: (server: AmqpServer, topology: Topology) => Promise<void>
}

/** Where to connect, and how. */
export interface AmqpServer {
  readonly url: URL
  readonly vhost: string
  /** What the server shows of this connection. */
  readonly connectionName: string
  readonly heartbeatSeconds: number
  readonly connectTimeoutMs: number
  /** Certificates, where the URL is `amqps:`. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  /** Loses messages: no confirm mode, and a consumer without acknowledgements. For the benchmark that says what safety costs, and nothing else. */
  readonly fireAndForget?: true
}

export interface LinkEvents {
  /** Told once, when the link is lost or has been closed by the server; not after an own `close`. */
  readonly onLost: (error: Error) => void
}

export interface PublisherEvents extends LinkEvents {
  /** The broker has answered for this publish, or for it and all before. Numbers count from 1 in the order of publishing. */
  readonly onConfirm: (number: number, confirm: { readonly multiple: boolean; readonly isAccepted: boolean }) => void
  /** Nobody owns the queue; told before the confirm of the same publish. */
  readonly onReturn: (correlationId: string) => void
  readonly onBlocked: (reason: string) => void
  readonly onUnblocked: () => void
}

export interface PublisherLink {
  /** Never waits: who calls bounds what is unconfirmed. Returns the publish's number. Persistent, and `mandatory`. */
  readonly publish: (publication: Publication) => number
  readonly close: () => Promise<void>
}

export interface Publication {
  readonly exchange: string
  readonly routingKey: string
  readonly messageId: string
  /** Comes back with a return. */
  readonly correlationId: string
  /** `MessageHeaders` as one short JSON text, sent as the one header `weir`. */
  readonly headers: string
  readonly body: Buffer
}

export interface ConsumerLink {
  readonly openChannel: (events: ChannelEvents) => Promise<ConsumerChannel>
  readonly close: () => Promise<void>
}

export interface ChannelEvents {
  readonly onDelivery: (delivery: RawDelivery) => void
  /** The server has ended the consumer (its queue is gone) or the channel; not told when the whole link is lost. */
  readonly onEnd: (error: Error) => void
}

/** Closing it gives back what is unsettled. */
export interface ConsumerChannel {
  /** Begins to consume; again with another number to change it: deliveries under way stay valid. */
  readonly consume: (queue: string, prefetch: number) => Promise<void>
  /** Gathered: sent at the end of the turn of the loop. */
  readonly ack: (deliveryTag: number, multiple: boolean) => void
  readonly requeue: (deliveryTag: number) => void
  /**
   * Nothing more comes, and what was settled is settled for good: the server's channel tells a quorum queue of some dozens of settlements at a
   * time and keeps the others until these are written (`rabbit_fifo_client`, from its soft limit of 32 on), so that one that just ends loses
   * them. This is answered when the queue has written them. What is held stays so, and the queue's next consumer may begin before it goes back.
   */
  readonly cancel: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface RawDelivery {
  readonly deliveryTag: number
  readonly redelivered: boolean
  readonly messageId: string
  /** The header `weir`; empty when there is none. */
  readonly headers: string
  /** `x-delivery-count`; 0 when it is absent. */
  readonly deliveryCount: number
  readonly body: Buffer
}
