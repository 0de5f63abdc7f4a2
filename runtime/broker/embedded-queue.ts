import type { BinaryHeap } from '../binary-heap.ts'
import { binaryHeap } from '../binary-heap.ts'
import type { WireMessage } from '../wire/message.ts'
import type { Delivery, QueueDeclaration, QueueDepth } from './broker.ts'
import type { MessageKeep } from './message-keep.ts'

/** A queue of this process, changed by the functions below; its messages are in its keep. */
export interface EmbeddedQueue {
  readonly declaration: QueueDeclaration
  readonly keep: MessageKeep
  /** Given back; always older than what waits in the keep, since that is delivered in order. */
  readonly returned: BinaryHeap<QueuedMessage>
  /** In the order of subscribing. */
  readonly subscribers: Subscriber[]
  /** Where the search for the next subscriber begins. */
  turn: number
  unacknowledged: number
  dropped: number
  /** False while publishes do not reach it. */
  isBound: boolean
  /** Somebody in this process has declared it; otherwise it is there from an earlier one. */
  isWanted: boolean
}

/** Made anew at each return, so that a late settlement of the delivery before means nothing. */
export interface QueuedMessage {
  readonly message: WireMessage
  readonly order: number
  readonly deliveryCount: number
}

export interface Subscriber {
  readonly queue: EmbeddedQueue
  prefetch: number
  readonly onDelivery: (delivery: Delivery) => void
  readonly onEnd: (reason: Error) => void
  readonly unsettled: Set<QueuedMessage>
}

export function embeddedQueue(declaration: QueueDeclaration, keep: MessageKeep): EmbeddedQueue {
  return {
    declaration,
    keep,
    returned: binaryHeap((left, right) => left.order < right.order),
    subscribers: [],
    turn: 0,
    unacknowledged: 0,
    dropped: 0,
    isBound: true,
    isWanted: false,
  }
}

export function readyCount({ keep, returned }: EmbeddedQueue): number {
  return keep.waiting() + returned.size()
}

export function depthOf(queue: EmbeddedQueue, parked: number): QueueDepth {
  return {
    ready: readyCount(queue),
    unacknowledged: queue.unacknowledged,
    parked,
    consumers: queue.subscribers.length,
    dropped: queue.dropped,
  }
}

/** Lets the oldest go that are above the bound of the declaration. */
export function dropHead(queue: EmbeddedQueue): void {
  const { dropHeadAbove = Infinity } = queue.declaration
  for (let above = readyCount(queue) - dropHeadAbove; above > 0; above -= 1) {
    const oldest = queue.returned.pop() ?? queue.keep.takeFirst()
    if (oldest === undefined) return
    queue.keep.remove(oldest)
    queue.dropped += 1
  }
}

/** The next message together with who gets it; undefined when there is none, or nobody has room for it. */
export function takeNext(queue: EmbeddedQueue): { subscriber: Subscriber; queued: QueuedMessage } | undefined {
  if (!hasReady(queue)) return undefined
  const subscriber = nextSubscriber(queue)
  const queued = subscriber && takeFirst(queue)
  if (subscriber === undefined || queued === undefined) return undefined
  subscriber.unsettled.add(queued)
  queue.unacknowledged += 1
  queue.turn += 1
  return { subscriber, queued }
}

export function isDeliverable(queue: EmbeddedQueue): boolean {
  return hasReady(queue) && nextSubscriber(queue) !== undefined
}

/** How many its subscribers take now. */
export function roomOf({ subscribers, declaration }: EmbeddedQueue): number {
  const receiving = declaration.singleActiveConsumer ? subscribers.slice(0, 1) : subscribers
  return receiving.reduce((room, { prefetch, unsettled }) => room + Math.max(0, prefetch - unsettled.size), 0)
}

/** False when it was settled before, or is no longer this subscriber's. */
export function settle(subscriber: Subscriber, queued: QueuedMessage, as: 'ack' | 'requeue'): boolean {
  if (!subscriber.unsettled.delete(queued)) return false
  const { queue } = subscriber
  queue.unacknowledged -= 1
  if (as === 'requeue') giveBack(queue, queued)
  else queue.keep.remove(queued)
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

function hasReady(queue: EmbeddedQueue): boolean {
  return readyCount(queue) > 0 && !queue.keep.isStalled()
}

function takeFirst({ returned, keep }: EmbeddedQueue): QueuedMessage | undefined {
  const again = returned.peek()
  if (again === undefined) return keep.takeFirst()
  return keep.announceAgain(again) ? returned.pop() : undefined
}

function giveBack(queue: EmbeddedQueue, { message, order, deliveryCount }: QueuedMessage): void {
  queue.returned.push({ message, order, deliveryCount: deliveryCount + 1 })
}

/** The one with the fewest unsettled among those with room; among equals they take turns. */
function nextSubscriber({ subscribers, declaration, turn }: EmbeddedQueue): Subscriber | undefined {
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
