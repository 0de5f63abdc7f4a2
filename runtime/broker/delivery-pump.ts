import type { Delivery } from './broker.ts'
import type { EmbeddedQueue, QueuedMessage, Subscriber } from './embedded-queue.ts'
import { isDeliverable, roomOf, settle, takeNext } from './embedded-queue.ts'

/** Hands out what queues hold, in turns of its own: no delivery happens within a call of the broker. */
export interface DeliveryPump {
  /** To be called when a queue may have become able to deliver. */
  readonly wake: (queue: EmbeddedQueue) => void
}

/** Per turn of the event loop: a long backlog lets timers and sockets in between. */
const deliveriesPerTurn = 512
/** Then it is another queue's turn. */
const deliveriesPerQueue = 64

/** @param onAck called after each acknowledgement that counts */
export function deliveryPump(onAck: () => void): DeliveryPump {
  const awake = new Set<EmbeddedQueue>()
  let isScheduled = false

  const wake = (queue: EmbeddedQueue): void => {
    if (awake.has(queue) || !isDeliverable(queue)) return
    awake.add(queue)
    schedule()
  }
  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    setImmediate(runTurn)
  }
  const runTurn = (): void => {
    isScheduled = false
    let left = deliveriesPerTurn
    try {
      // One that is woken on the way comes at the end of the set, and is met again by this loop.
      for (const queue of awake) {
        awake.delete(queue)
        left -= deliverSome(queue)
        if (left <= 0) break
      }
    } finally {
      if (awake.size > 0) schedule()
    }
  }
  const deliverSome = (queue: EmbeddedQueue): number => {
    let count = 0
    // What was given back comes first.
    queue.keep.announce(Math.min(deliveriesPerQueue, Math.max(0, roomOf(queue) - queue.returned.size())))
    try {
      for (let next = takeNext(queue); next; next = count < deliveriesPerQueue ? takeNext(queue) : undefined) {
        count += 1
        next.subscriber.onDelivery(toDelivery(next.subscriber, next.queued, onSettled))
      }
    } finally {
      wake(queue)
    }
    return count
  }
  const onSettled = (queue: EmbeddedQueue, as: 'ack' | 'requeue'): void => {
    wake(queue)
    if (as === 'ack') onAck()
  }
  return { wake }
}

function toDelivery(
  subscriber: Subscriber,
  queued: QueuedMessage,
  onSettled: (queue: EmbeddedQueue, as: 'ack' | 'requeue') => void,
): Delivery {
  const settleAs = (as: 'ack' | 'requeue'): void => {
    if (settle(subscriber, queued, as)) onSettled(subscriber.queue, as)
  }
  return {
    message: queued.message,
    redelivered: queued.deliveryCount > 0,
    deliveryCount: queued.deliveryCount,
    ack: () => settleAs('ack'),
    requeue: () => settleAs('requeue'),
  }
}
