import type { Clock } from '../../clock.ts'
import { TransientError } from '../../error.ts'
import type { ConsumeOptions, Delivery, Subscription } from '../broker.ts'
import type { ConsumerLink } from './amqp-link.ts'
import { AmqpSubscription, type SubscriptionParts } from './subscription.ts'

export interface ConsumerSideParts extends Omit<SubscriptionParts, 'onOver'> {
  readonly clock: Clock
  readonly patienceMs: number
  /** Asked for when somebody consumes and there is no link. */
  readonly wantLink: () => void
  /** Why there is none. */
  readonly reason: () => string
  /** Undefined where it was not declared here. */
  readonly isSingleActive: (queue: string) => boolean | undefined
}

/** The subscriptions of one connection, which outlive it. */
export interface ConsumerSide {
  readonly consume: (
    queue: string,
    options: ConsumeOptions,
    onDelivery: (delivery: Delivery) => void,
  ) => Promise<Subscription>
  readonly attach: (link: ConsumerLink) => void
  readonly detach: () => void
  /** Resolves when there is a link. @throws {TransientError} `BrokerUnavailable` when there is none in time */
  readonly whenLink: () => Promise<ConsumerLink>
  readonly close: () => Promise<void>
}

export function openConsumerSide(parts: ConsumerSideParts): ConsumerSide {
  const subscriptions = new Set<AmqpSubscription>()
  const waiting = new Set<(link: ConsumerLink | undefined) => void>()
  let link: ConsumerLink | undefined

  const whenLink = async (): Promise<ConsumerLink> => link ?? awaitLink(parts, waiting)
  return {
    whenLink,
    attach: (opened) => {
      link = opened
      for (const tell of waiting) tell(opened)
      for (const subscription of subscriptions) void subscription.resume(opened)
    },
    detach: () => {
      link = undefined
      for (const subscription of subscriptions) subscription.detach()
    },
    close: async () => {
      for (const tell of waiting) tell(undefined)
      await Promise.all([...subscriptions].map((subscription) => subscription.close()))
    },
    consume: async (queue, options, onDelivery) => {
      checkPrefetch(options.prefetch)
      const opened = await whenLink()
      const onOver = (): void => void subscriptions.delete(subscription)
      const singleActiveConsumer = options.singleActiveConsumer ?? parts.isSingleActive(queue)
      const own = { ...options, ...(singleActiveConsumer !== undefined && { singleActiveConsumer }), onDelivery }
      const subscription = new AmqpSubscription({ ...parts, onOver }, queue, own)
      subscriptions.add(subscription)
      try {
        await subscription.begin(opened)
      } catch (error) {
        await subscription.close()
        throw error
      }
      return {
        setPrefetch: (prefetch) => {
          checkPrefetch(prefetch)
          // To change it is to consume again, which hands a queue of one consumer to the next while this one still holds messages.
          if ((options.singleActiveConsumer ?? parts.isSingleActive(queue)) === false)
            subscription.setPrefetch(prefetch)
        },
        close: () => subscription.close(),
      }
    },
  }
}

function awaitLink(
  { clock, patienceMs, wantLink, reason }: ConsumerSideParts,
  waiting: Set<(link: ConsumerLink | undefined) => void>,
): Promise<ConsumerLink> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(patienceMs, () => tell(undefined))
    const tell = (link: ConsumerLink | undefined): void => {
      cancel()
      waiting.delete(tell)
      if (link === undefined) reject(new TransientError('BrokerUnavailable', reason()))
      else resolve(link)
    }
    waiting.add(tell)
    wantLink()
  })
}

/** What AMQP counts with two bytes. */
const mostPrefetch = 65_535

function checkPrefetch(prefetch: number): void {
  if (!(prefetch >= 1 && prefetch <= mostPrefetch)) {
    throw new RangeError(`prefetch is from 1 to ${mostPrefetch}, not ${prefetch}`)
  }
}
