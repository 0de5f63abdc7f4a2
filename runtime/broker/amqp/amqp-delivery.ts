import type { WireMessage } from '../../wire/message.ts'
import type { Delivery } from '../broker.ts'
import type { RawDelivery } from './amqp-link.ts'

/** What is settled by the number that its channel knows it by. */
export interface Settlements {
  readonly ack: (deliveryTag: number) => void
  readonly requeue: (deliveryTag: number) => void
}

/** A class, and its settlements made when they are asked for: hundreds are under way at a time, each one object so. */
export class AmqpDelivery implements Delivery {
  readonly message: WireMessage
  readonly redelivered: boolean
  readonly deliveryCount: number
  readonly #deliveryTag: number
  readonly #settlements: Settlements

  constructor(
    message: WireMessage,
    { deliveryTag, redelivered, deliveryCount }: RawDelivery,
    settlements: Settlements,
  ) {
    this.message = message
    this.redelivered = redelivered
    this.deliveryCount = deliveryCount
    this.#deliveryTag = deliveryTag
    this.#settlements = settlements
  }

  get ack(): () => void {
    return () => this.#settlements.ack(this.#deliveryTag)
  }

  get requeue(): () => void {
    return () => this.#settlements.requeue(this.#deliveryTag)
  }
}
