import { PermanentError, TransientError } from '../error.ts'
import type { WireMessage } from '../wire/message.ts'
import type { Broker, ConsumeOptions, Delivery, PublishOutcome, Target } from './broker.ts'
import type { EmbeddedCore } from './embedded-core.ts'
import { boundQueue, declareQueues, deleteQueue, endSubscription, unbindQueue } from './embedded-core.ts'
import type { Subscriber } from './embedded-queue.ts'
import { depthOf } from './embedded-queue.ts'

const unroutable: Promise<PublishOutcome> = Promise.resolve('unroutable')

export function connectTo(core: EmbeddedCore, onClosed: () => void): Broker {
  const subscribers = new Set<Subscriber>()
  const temporary = new Set<string>()
  let isClosed = false
  const whileOpen = async <Result>(work: () => Result): Promise<Awaited<Result>> => {
    if (isClosed) throw brokerClosed()
    return await work()
  }
  const end = (subscriber: Subscriber): void => {
    subscribers.delete(subscriber)
    endSubscription(core, subscriber)
  }
  return {
    declareQueues: (declarations) =>
      whileOpen(() => {
        for (const { name, temporary: isTemporary } of declarations) if (isTemporary === true) temporary.add(name)
        return declareQueues(core, declarations)
      }),
    // The hot path: to a queue it costs no promise of its own.
    publish: (target, message) => {
      if (isClosed) return Promise.reject(brokerClosed())
      if (target.kind === 'queue') return boundQueue(core, target.queue)?.keep.add(message) ?? unroutable
      return whileOpen(() => park(core, target, message))
    },
    consume: (name, options, onDelivery) =>
      whileOpen(() => {
        const subscriber = subscribe(core, name, { options, onDelivery, subscribers })
        return {
          setPrefetch: (prefetch) => setPrefetch(core, subscriber, prefetch),
          close: async () => end(subscriber),
        }
      }),
    depth: (name) =>
      whileOpen(() => {
        const queue = core.queues.get(name)
        return queue && depthOf(queue, core.keeper.parking.countFor(name))
      }),
    unbindQueue: (name) => whileOpen(() => unbindQueue(core, name)),
    deleteQueue: (name) => whileOpen(() => deleteQueue(core, name)),
    health: core.keeper.health,
    close: async () => {
      isClosed = true
      for (const subscriber of subscribers) end(subscriber)
      for (const name of temporary) await deleteQueue(core, name)
      onClosed()
    },
  }
}

export function brokerClosed(): TransientError {
  return new TransientError('BrokerClosed', 'the broker is closed')
}

function park(
  { keeper }: EmbeddedCore,
  { queue, delayMs }: Extract<Target, { kind: 'delay' }>,
  message: WireMessage,
): Promise<PublishOutcome> {
  if (!(delayMs >= 0 && delayMs < Infinity)) throw new RangeError(`a delay is 0 ms or more, not ${delayMs}`)
  return keeper.parking.park(queue, delayMs, message)
}

interface NewSubscriber {
  readonly options: ConsumeOptions
  readonly onDelivery: (delivery: Delivery) => void
  /** Of this connection. */
  readonly subscribers: Set<Subscriber>
}

function subscribe(
  { queues, pump }: EmbeddedCore,
  name: string,
  { options, onDelivery, subscribers }: NewSubscriber,
): Subscriber {
  const { prefetch, onEnd } = options
  checkPrefetch(prefetch)
  const queue = queues.get(name)
  if (queue === undefined) throw new PermanentError('QueueNotFound', `there is no queue ${name} to consume`)
  const subscriber: Subscriber = {
    queue,
    prefetch,
    onDelivery,
    onEnd: (reason) => {
      subscribers.delete(subscriber)
      onEnd?.(reason)
    },
    unsettled: new Set(),
  }
  subscribers.add(subscriber)
  queue.subscribers.push(subscriber)
  pump.wake(queue)
  return subscriber
}

function setPrefetch({ pump }: EmbeddedCore, subscriber: Subscriber, prefetch: number): void {
  checkPrefetch(prefetch)
  subscriber.prefetch = prefetch
  pump.wake(subscriber.queue)
}

function checkPrefetch(prefetch: number): void {
  if (!(prefetch >= 1)) throw new RangeError(`prefetch starts at 1, not ${prefetch}`)
}
