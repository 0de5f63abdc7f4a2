import { emptyDeque, pushLast, shiftFirst } from '../ring-deque.ts'
import type { PublishOutcome } from './broker.ts'
import type { QueuedMessage } from './embedded-queue.ts'
import type { MessageKeep } from './message-keep.ts'

const confirmed: Promise<PublishOutcome> = Promise.resolve('confirmed')

/** The messages of a queue in memory: safe as long as the process is. */
export function memoryKeep(onReady: () => void): MessageKeep {
  const messages = emptyDeque<QueuedMessage>()
  let published = 0
  return {
    add: (message) => {
      pushLast(messages, { message, order: published++, deliveryCount: 0 })
      onReady()
      return confirmed
    },
    waiting: () => messages.size,
    takeFirst: () => shiftFirst(messages),
    isStalled: () => false,
    announce: () => {},
    announceAgain: () => true,
    remove: () => {},
  }
}
