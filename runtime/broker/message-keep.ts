import type { WireMessage } from '../wire/message.ts'
import type { BrokerHealth, PublishOutcome, QueueDeclaration } from './broker.ts'
import type { EmbeddedQueue, QueuedMessage } from './embedded-queue.ts'

/** Where one queue of an embedded broker keeps its messages. */
export interface MessageKeep {
  /** Resolves when the message is safe; by then it is the last of those that wait, and whoever opened the keep was told. */
  readonly add: (message: WireMessage) => Promise<PublishOutcome>
  /** How many have not been taken. */
  readonly waiting: () => number
  /** It cannot be read or written now, and gives nothing; whoever opened the keep is told when it can be tried again. */
  readonly isStalled: () => boolean
  /** So many of the first are delivered now, or a few of them: what must be known of that after a crash is written first. */
  readonly announce: (count: number) => void
  /** The oldest that waits; undefined when there is none, or it cannot be read. */
  readonly takeFirst: () => QueuedMessage | undefined
  /** One that was taken before and given back is delivered again; false when that cannot be written now. */
  readonly announceAgain: (queued: QueuedMessage) => boolean
  /** It was taken and is done with. Never fails: what cannot be written now is written later. */
  readonly remove: (queued: QueuedMessage) => void
}

/** Messages that wait for their time: however many, one timer. */
export interface Parking {
  /** Resolves when the message is safe. */
  readonly park: (queue: string, delayMs: number, message: WireMessage) => Promise<PublishOutcome>
  readonly total: () => number
  readonly countFor: (queue: string) => number
  readonly close: () => void
}

/** Where an embedded broker keeps its queues: in memory, or on disk. */
export interface QueueKeeper {
  /** The queues of earlier processes. */
  readonly restored: readonly RestoredQueue[]
  /** Makes them known, and bound, for later processes. Safe to repeat. */
  readonly declare: (declarations: readonly QueueDeclaration[]) => Promise<void>
  readonly unbind: (queue: string) => Promise<void>
  /** With what it holds. */
  readonly remove: (queue: string) => Promise<void>
  /**
   * The keep of a declared queue.
   *
   * @param onReady told when messages have come, or can be tried again
   */
  readonly open: (declaration: QueueDeclaration, onReady: () => void) => MessageKeep
  readonly parking: Parking
  /** Messages that somebody adds or parks, and that are not safe yet. */
  readonly underWay: () => number
  readonly health: () => BrokerHealth
  readonly close: () => void
}

export interface RestoredQueue {
  readonly declaration: QueueDeclaration
  readonly isBound: boolean
}

/** What a keeper needs of its broker. */
export interface KeeperHost {
  /** Where a message for this queue goes now: to it, or to `unrouted` when it takes none. */
  readonly targetFor: (queue: string) => EmbeddedQueue
  /** To be called when messages are no longer parked or under way. */
  readonly onMoved: () => void
}
