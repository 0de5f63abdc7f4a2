import type { Logger } from 'pino'
import type { Broker, Delivery, Subscription } from '../broker/broker.ts'
import { deadQueue } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { sleep } from '../clock.ts'
import type { DeadLetter, Store } from '../store/store.ts'
import { deadLetterOf } from './dead-letter-of.ts'
import type { EventBatcher } from './event-batcher.ts'
import { openEventBatcher } from './event-batcher.ts'

/** Keeps what became of messages: the dead ones for good, the rest as observations. */
export interface Recorder extends Pick<EventBatcher, 'observe' | 'flush' | 'dropped'> {
  /** Finishes what it is writing; dead letters that the store does not take stay in their queue. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface RecorderParts {
  readonly broker: Broker
  readonly store: Pick<Store, 'deadLetters' | 'runs'>
  readonly clock: Clock
  readonly log: Logger
  /** The namespace of a flow uid. */
  readonly namespaceOf: (flow: string) => string
  /** Told after a dead letter is stored; again when it is delivered again. Must not throw. */
  readonly onDeadLetter?: (letter: DeadLetter) => void
}

const prefetch = 100
const firstRetryMs = 100
const longestRetryMs = 30_000

export async function openRecorder(parts: RecorderParts): Promise<Recorder> {
  const { broker, store, clock, log } = parts
  const batcher = openEventBatcher({ store: store.runs, clock, log })
  const ending = new AbortController()
  const recording = new Set<Promise<void>>()

  const onDelivery = (delivery: Delivery): void => {
    // What comes while closing goes back when the subscription ends.
    if (ending.signal.aborted) return
    const recorded = record(parts, delivery, ending.signal).finally(() => recording.delete(recorded))
    recording.add(recorded)
  }
  const onEnd = (err: Error): void => {
    log.error({ err }, 'dead letters are no longer recorded')
  }
  await broker.declareQueues([{ name: deadQueue }])
  const subscription: Subscription = await broker.consume(deadQueue, { prefetch, onEnd }, onDelivery)
  return {
    observe: batcher.observe,
    flush: batcher.flush,
    dropped: batcher.dropped,
    close: async () => {
      ending.abort()
      await Promise.all(recording)
      await subscription.close()
      await batcher.close()
    },
  }
}

/** Stores until the store takes it, then acknowledges; the end of the signal leaves the message to its queue. Never rejects. */
async function record(parts: RecorderParts, { message, ack }: Delivery, signal: AbortSignal): Promise<void> {
  const { store, clock, log } = parts
  const namespace = parts.namespaceOf(message.headers.flow)
  const letter = deadLetterOf(message, { namespace, nowMs: clock.now() })
  for (let failures = 0; ; failures += 1) {
    try {
      await store.deadLetters.put(letter)
      parts.onDeadLetter?.(letter)
      return ack()
    } catch (err) {
      if (signal.aborted) return
      const { flow, step, id } = letter
      log.warn({ flow, step, id, err }, 'dead letter not stored, it will be tried again')
    }
    const retryMs = Math.min(firstRetryMs * 2 ** failures, longestRetryMs)
    await sleep(clock, retryMs, signal).catch(() => undefined) // the end is looked at where the next attempt fails
  }
}
