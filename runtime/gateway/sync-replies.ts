import type { Logger } from 'pino'
import type { Broker, Subscription } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { WireMessage } from '../wire/message.ts'
import { freshId } from '../wire/message-id.ts'
import type { Reply } from '../wire/reply.ts'
import { replyOf } from '../wire/reply.ts'

/** Callers that wait for their run's `respond`, and the queue that the replies come by. */
export interface SyncReplies {
  /** Declares and consumes the queue when that has not been done; its name goes into the run's `replyTo`. */
  readonly queue: () => Promise<string>
  /** To be called before the run is started. */
  readonly wait: (run: string, timeoutMs: number) => Waiting
  /** Nobody waits any longer. */
  readonly releaseAll: () => void
  /** Gives the queue back; whoever asks for it afterwards gets another. */
  readonly close: () => Promise<void>
}

export interface Waiting {
  /** Undefined when the time is over, or nobody waits any longer. */
  readonly reply: Promise<Reply | undefined>
  /** Safe to repeat, and after the reply. */
  readonly release: () => void
}

export interface SyncRepliesParts {
  readonly broker: Pick<Broker, 'consume' | 'declareQueues' | 'deleteQueue'>
  readonly clock: Clock
  readonly log: Logger
}

const prefetch = 200
/** Replies that nobody fetches any more do not fill the broker. */
const mostReplies = 10_000

export function openSyncReplies({ broker, clock, log }: SyncRepliesParts): SyncReplies {
  const waiting = new Map<string, (reply: Reply | undefined) => void>()
  const queue = replyQueue({ broker, log }, (message) => {
    const reply = replyOf(message)
    if (reply === undefined) log.warn({ run: message.headers.run }, 'message is no reply')
    else waiting.get(message.headers.run)?.(reply)
  })
  return {
    queue: queue.name,
    close: queue.close,
    wait: (run, timeoutMs) => {
      const { promise, resolve } = Promise.withResolvers<Reply | undefined>()
      const settle = (reply: Reply | undefined): void => {
        cancel()
        waiting.delete(run)
        resolve(reply)
      }
      const cancel = clock.setTimer(timeoutMs, () => settle(undefined))
      waiting.set(run, settle)
      return { reply: promise, release: () => settle(undefined) }
    },
    releaseAll: () => {
      for (const settle of waiting.values()) settle(undefined)
    },
  }
}

function replyQueue({ broker, log }: Omit<SyncRepliesParts, 'clock'>, onReply: (message: WireMessage) => void) {
  let opened: Promise<{ readonly name: string; readonly subscription: Subscription }> | undefined
  const open = async () => {
    const name = `reply.${freshId()}`
    await broker.declareQueues([{ name, temporary: true, dropHeadAbove: mostReplies }])
    const onEnd = (err: Error): void => {
      log.warn({ err }, 'replies ended, the next request opens them again')
      opened = undefined
    }
    const subscription = await broker.consume(name, { prefetch, onEnd }, ({ message, ack }) => {
      onReply(message)
      ack()
    })
    return { name, subscription }
  }
  return {
    name: async () => {
      opened ??= open()
      try {
        return (await opened).name
      } catch (error) {
        opened = undefined
        throw error
      }
    },
    close: async () => {
      const closing = opened
      opened = undefined
      if (closing === undefined) return
      const { name, subscription } = await closing
      await subscription.close()
      await broker.deleteQueue(name)
    },
  }
}
