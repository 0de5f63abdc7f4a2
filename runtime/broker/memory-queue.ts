import type { BinaryHeap } from '../binary-heap.ts'
import { binaryHeap } from '../binary-heap.ts'
import type { WireMessage } from '../wire/message.ts'
import type { Delivery, QueueDeclaration, QueueDepth } from './broker.ts'
import type { RingDeque } from '../ring-deque.ts'
import { emptyDeque, pushLast, shiftFirst } from '../ring-deque.ts'

/** A queue in memory: data, changed by the functions below. */
export interface MemoryQueue {
  readonly declaration: QueueDeclaration
  /** Never delivered before. */
  readonly fresh: RingDeque<QueuedMessage>
  /** Given back; always older than what is fresh, since that is delivered in order. */
  readonly returned: BinaryHeap<QueuedMessage>
  /** In the order of subscribing. */
  readonly subscribers: Subscriber[]
  /** Where the search for the next subscriber begins. */
  turn: number
  published: number
  unacknowledged: number
  dropped: number
  /** False while publishes do not reach it. */
  isBound: boolean
}

/** Made anew at each return, so that a late settlement of the delivery before means nothing. */
export interface QueuedMessage {
  readonly message: WireMessage
  readonly order: number
  readonly deliveryCount: number
}

export interface Subscriber {
  readonly queue: MemoryQueue
  prefetch: number
  readonly onDelivery: (delivery: Delivery) => void
  readonly onEnd: (reason: Error) => void
  readonly unsettled: Set<QueuedMessage>
}

export function emptyQueue(declaration: QueueDeclaration): MemoryQueue {
  return {
    declaration,
    fresh: emptyDeque(),
    returned: binaryHeap((left, right) => left.order < right.order),
    subscribers: [],
    turn: 0,
    published: 0,
    unacknowledged: 0,
    dropped: 0,
    isBound: true,
  }
}

export function readyCount(queue: MemoryQueue): number {
  return queue.fresh.size + queue.returned.size()
}

export function depthOf(queue: MemoryQueue, parked: number): QueueDepth {
  return {
    ready: readyCount(queue),
    unacknowledged: queue.unacknowledged,
    parked,
    consumers: queue.subscribers.length,
    dropped: queue.dropped,
  }
}

export function addMessage(queue: MemoryQueue, message: WireMessage): void {
  pushLast(queue.fresh, { message, order: queue.published, deliveryCount: 0 })
  queue.published += 1
  const { dropHeadAbove } = queue.declaration
  if (dropHeadAbove !== undefined && readyCount(queue) > dropHeadAbove) {
    takeFirst(queue)
    queue.dropped += 1
  }
}

/** The next message together with who gets it; undefined when there is none, or nobody has room for it. */
export function takeNext(queue: MemoryQueue): { subscriber: Subscriber; queued: QueuedMessage } | undefined {
  if (readyCount(queue) === 0) return undefined
  const subscriber = nextSubscriber(queue)
  const queued = subscriber && takeFirst(queue)
  if (subscriber === undefined || queued === undefined) return undefined
  subscriber.unsettled.add(queued)
  queue.unacknowledged += 1
  queue.turn += 1
  return { subscriber, queued }
}

export function isDeliverable(queue: MemoryQueue): boolean {
  return readyCount(queue) > 0 && nextSubscriber(queue) !== undefined
}

/** False when it was settled before, or is no longer this subscriber's. */
export function settle(subscriber: Subscriber, queued: QueuedMessage, as: 'ack' | 'requeue'): boolean {
  if (!subscriber.unsettled.delete(queued)) return false
  subscriber.queue.unacknowledged -= 1
  if (as === 'requeue') giveBack(subscriber.queue, queued)
  return true
}

/** Takes the subscriber away; what it has not settled goes back. False when it was away already. */
export function unsubscribe(subscriber: Subscriber): boolean {
  const { queue } = subscriber
  const at = queue.subscribers.indexOf(subscriber)
  if (at === -1) return false
  queue.subscribers.splice(at, 1)
  queue.unacknowledged -= subscriber.unsettled.size
  for (const queued of subscriber.unsettled) giveBack(queue, queued)
  subscriber.unsettled.clear()
  return true
}

/** Takes out everything that is ready, oldest first. */
export function takeReady(queue: MemoryQueue): WireMessage[] {
  const messages: WireMessage[] = []
  for (let next = takeFirst(queue); next; next = takeFirst(queue)) messages.push(next.message)
  return messages
}

function takeFirst(queue: MemoryQueue): QueuedMessage | undefined {
  return queue.returned.pop() ?? shiftFirst(queue.fresh)
}

function giveBack(queue: MemoryQueue, { message, order, deliveryCount }: QueuedMessage): void {
  queue.returned.push({ message, order, deliveryCount: deliveryCount + 1 })
}

/** The one with the fewest unsettled among those with room; among equals they take turns. */
function nextSubscriber({ subscribers, declaration, turn }: MemoryQueue): Subscriber | undefined {
  const candidates = declaration.singleActiveConsumer ? 1 : subscribers.length
  let least: Subscriber | undefined
  for (let offset = 0; offset < Math.min(candidates, subscribers.length); offset += 1) {
    const subscriber = subscribers[(turn + offset) % candidates]
    if (subscriber && hasRoom(subscriber) && subscriber.unsettled.size < (least?.unsettled.size ?? Infinity)) {
      least = subscriber
    }
  }
  return least
}

function hasRoom({ unsettled, prefetch }: Subscriber): boolean {
  return unsettled.size < prefetch
}
