import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { PermanentError, TransientError } from '../error.ts'
import type { WireMessage } from '../wire/message.ts'
import type {
  Broker,
  BrokerHealth,
  ConsumeOptions,
  Delivery,
  PublishOutcome,
  QueueDeclaration,
  Target,
} from './broker.ts'
import { unroutedQueue } from './broker.ts'
import type { DeliveryPump } from './delivery-pump.ts'
import { deliveryPump } from './delivery-pump.ts'
import type { IdleWatch } from './idle-watch.ts'
import { idleWatch } from './idle-watch.ts'
import type { MemoryQueue, Subscriber } from './memory-queue.ts'
import { addMessage, depthOf, emptyQueue, readyCount, takeReady, unsubscribe } from './memory-queue.ts'
import type { ParkedMessage, Parking } from './parking.ts'
import { openParking } from './parking.ts'

/** The queues of one process. `close` ends all connections, and what is queued is gone with it. */
export interface MemoryBroker extends Broker {
  /** Another connection to the same queues, as a second process would have one; its `close` gives back what it holds. */
  readonly connect: () => Broker
  /** What is not finished, over all queues but those that drop their head. */
  readonly pending: () => PendingMessages
  /**
   * Resolves in a later turn of the event loop in which nothing is pending. Free of races as long as every handler
   * publishes what a message causes before it acknowledges it.
   *
   * @throws {TransientError} `BrokerClosed`; and the signal's reason when it is aborted
   */
  readonly whenIdle: (signal?: AbortSignal) => Promise<void>
  /**
   * Takes out what is ready or parked, but for queues that drop their head; what is delivered and not settled stays.
   * For whoever keeps elsewhere what this process will not finish.
   */
  readonly takeAll: () => readonly ParkedMessage[]
}

export interface PendingMessages {
  readonly ready: number
  readonly unacknowledged: number
  readonly parked: number
}

/** What all connections share. */
interface Core {
  readonly queues: Map<string, MemoryQueue>
  readonly pump: DeliveryPump
  readonly parking: Parking
  readonly idle: IdleWatch
}

const confirmed: Promise<PublishOutcome> = Promise.resolve('confirmed')
const ready: BrokerHealth = { kind: 'ready' }
const unroutable: Promise<PublishOutcome> = Promise.resolve('unroutable')

export function openMemoryBroker({ clock = systemClock }: { readonly clock?: Clock } = {}): MemoryBroker {
  const core = openCore(clock)
  const connections = new Set<Broker>()
  let isClosed = false
  const connect = (): Broker => {
    if (isClosed) throw closedError()
    const connection = connectTo(core, () => connections.delete(connection))
    connections.add(connection)
    return connection
  }
  const close = async (): Promise<void> => {
    isClosed = true
    for (const connection of connections) await connection.close()
    core.parking.close()
    core.idle.close(closedError())
  }
  return {
    ...connect(),
    connect,
    close,
    pending: () => pendingOf(core),
    whenIdle: core.idle.whenIdle,
    takeAll: () => takeAll(core),
  }
}

function openCore(clock: Clock): Core {
  const queues = new Map<string, MemoryQueue>()
  const idle = idleWatch(() => {
    const { ready, unacknowledged, parked } = pendingOf(core)
    return ready + unacknowledged + parked === 0
  })
  const pump = deliveryPump(idle.check)
  const parking = openParking(clock, (name, message) => {
    enqueue(core, boundQueue(core, name) ?? declareQueue(core, { name: unroutedQueue }), message)
    idle.check()
  })
  const core: Core = { queues, pump, parking, idle }
  return core
}

function pendingOf({ queues, parking }: Core): PendingMessages {
  let ready = 0
  let unacknowledged = 0
  for (const queue of queues.values()) {
    if (queue.declaration.dropHeadAbove !== undefined) continue
    ready += readyCount(queue)
    unacknowledged += queue.unacknowledged
  }
  return { ready, unacknowledged, parked: parking.total() }
}

function takeAll({ queues, parking, idle }: Core): ParkedMessage[] {
  const kept = [...queues.values()].filter(({ declaration }) => declaration.dropHeadAbove === undefined)
  const ready = kept.flatMap((queue) => takeReady(queue).map((message) => ({ queue: queue.declaration.name, message })))
  const all = [...ready, ...parking.takeAll()]
  idle.check()
  return all
}

function connectTo(core: Core, onClosed: () => void): Broker {
  const { queues, parking } = core
  const subscribers = new Set<Subscriber>()
  const temporary = new Set<string>()
  let isClosed = false
  const whileOpen = async <Result>(work: () => Result): Promise<Result> => {
    if (isClosed) throw closedError()
    return work()
  }
  return {
    declareQueues: (declarations) =>
      whileOpen(() => {
        for (const declaration of declarations) {
          declareQueue(core, declaration)
          if (declaration.temporary === true) temporary.add(declaration.name)
        }
      }),
    // The hot path: to a queue it costs no promise of its own.
    publish: (target, message) => {
      if (isClosed) return Promise.reject(closedError())
      if (target.kind === 'queue') return publishTo(core, target.queue, message)
      return whileOpen(() => park(parking, target, message))
    },
    consume: (name, options, onDelivery) =>
      whileOpen(() => {
        const subscriber = subscribe(core, name, { options, onDelivery, subscribers })
        return {
          setPrefetch: (prefetch) => setPrefetch(core, subscriber, prefetch),
          close: async () => endSubscription(core, subscriber, subscribers),
        }
      }),
    depth: (name) =>
      whileOpen(() => {
        const queue = queues.get(name)
        return queue && depthOf(queue, parking.countFor(name))
      }),
    unbindQueue: (name) =>
      whileOpen(() => {
        const queue = queues.get(name)
        if (queue !== undefined) queue.isBound = false
      }),
    deleteQueue: (name) => whileOpen(() => deleteQueue(core, name)),
    health: () => ready,
    close: async () => {
      isClosed = true
      for (const subscriber of subscribers) endSubscription(core, subscriber, subscribers)
      for (const name of temporary) deleteQueue(core, name)
      onClosed()
    },
  }
}

function declareQueue({ queues }: Core, declaration: QueueDeclaration): MemoryQueue {
  const queue = queues.get(declaration.name) ?? emptyQueue(declaration)
  if (!isSameKind(queue.declaration, declaration)) {
    throw new PermanentError('QueueMismatch', `queue ${declaration.name} exists with other properties`)
  }
  queue.isBound = true
  queues.set(declaration.name, queue)
  return queue
}

function boundQueue({ queues }: Core, name: string): MemoryQueue | undefined {
  const queue = queues.get(name)
  return queue?.isBound === true ? queue : undefined
}

function isSameKind(left: QueueDeclaration, right: QueueDeclaration): boolean {
  return (
    (left.singleActiveConsumer ?? false) === (right.singleActiveConsumer ?? false) &&
    left.dropHeadAbove === right.dropHeadAbove
  )
}

function publishTo(core: Core, name: string, message: WireMessage): Promise<PublishOutcome> {
  const queue = boundQueue(core, name)
  if (queue === undefined) return unroutable
  enqueue(core, queue, message)
  return confirmed
}

function enqueue({ pump }: Core, queue: MemoryQueue, message: WireMessage): void {
  addMessage(queue, message)
  pump.wake(queue)
}

function park(
  parking: Parking,
  { queue, delayMs }: Extract<Target, { kind: 'delay' }>,
  message: WireMessage,
): 'confirmed' {
  if (!(delayMs >= 0 && delayMs < Infinity)) throw new RangeError(`a delay is 0 ms or more, not ${delayMs}`)
  parking.park(queue, delayMs, message)
  return 'confirmed'
}

interface NewSubscriber {
  readonly options: ConsumeOptions
  readonly onDelivery: (delivery: Delivery) => void
  /** Of this connection. */
  readonly subscribers: Set<Subscriber>
}

function subscribe(
  { queues, pump }: Core,
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

function setPrefetch({ pump }: Core, subscriber: Subscriber, prefetch: number): void {
  checkPrefetch(prefetch)
  subscriber.prefetch = prefetch
  pump.wake(subscriber.queue)
}

function checkPrefetch(prefetch: number): void {
  if (!(prefetch >= 1)) throw new RangeError(`prefetch starts at 1, not ${prefetch}`)
}

function endSubscription({ pump }: Core, subscriber: Subscriber, subscribers: Set<Subscriber>): void {
  subscribers.delete(subscriber)
  if (unsubscribe(subscriber)) pump.wake(subscriber.queue)
}

function deleteQueue({ queues, idle }: Core, name: string): void {
  const queue = queues.get(name)
  if (queue === undefined) return
  queues.delete(name)
  const reason = new PermanentError('QueueDeleted', `queue ${name} was deleted`)
  for (const subscriber of queue.subscribers.slice()) {
    unsubscribe(subscriber)
    setImmediate(() => subscriber.onEnd(reason))
  }
  idle.check()
}

function closedError(): TransientError {
  return new TransientError('BrokerClosed', 'the broker is closed')
}
