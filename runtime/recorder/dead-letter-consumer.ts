import type { Logger } from 'pino'
import type { Broker, Delivery, Subscription } from '../broker/broker.ts'
import { deadQueue } from '../broker/broker.ts'
import type { Slots } from '../claim-check/slots.ts'
import { openSlots } from '../claim-check/slots.ts'
import type { Clock } from '../clock.ts'
import { sleep } from '../clock.ts'
import type { DeadLetter, Store } from '../store/store.ts'
import type { WireMessage } from '../wire/message.ts'
import { deadLetterOf } from './dead-letter-of.ts'
import { openLastingSubscription } from './lasting-subscription.ts'
import { keepLetter } from './letter-keeper.ts'

export interface DeadLetterConsumerParts {
  readonly broker: Broker
  readonly store: Pick<Store, 'deadLetters' | 'blobs'>
  readonly clock: Clock
  readonly log: Logger
  /** The namespace of a flow uid. What cannot be known now is asked again. */
  readonly namespaceOf: (flow: string) => string | Promise<string>
  /** Told after a dead letter is stored; again when it is delivered again. Must not throw. */
  readonly onDeadLetter?: (letter: DeadLetter) => void
}

const prefetch = 100
/** Each may be as large as a message may be. */
const largeBodiesAtATime = 4
const firstRetryMs = 100
const longestRetryMs = 30_000
/** A broker takes a channel away on which a delivery stays unsettled for half an hour. */
const holdMs = 5 * 60_000

interface Work extends DeadLetterConsumerParts {
  readonly signal: AbortSignal
  readonly bodies: Slots
  /** How often the store has refused since it last took one: what comes next waits as long as what was there. */
  failures: number
}

/** Takes dead messages from their queue into the store; what that does not take stays in the queue. */
export async function openDeadLetterConsumer(parts: DeadLetterConsumerParts): Promise<Pick<Subscription, 'close'>> {
  const ending = new AbortController()
  const work: Work = { ...parts, signal: ending.signal, bodies: openSlots(largeBodiesAtATime), failures: 0 }
  const recording = new Set<Promise<void>>()
  const onDelivery = (delivery: Delivery): void => {
    // What comes while closing goes back when the subscription ends.
    if (ending.signal.aborted) return
    const recorded = record(work, delivery).finally(() => recording.delete(recorded))
    recording.add(recorded)
  }
  const subscription = await openLastingSubscription(parts, { queue: { name: deadQueue }, prefetch }, onDelivery)
  return {
    close: async () => {
      ending.abort()
      await Promise.all(recording)
      await subscription.close()
    },
  }
}

/** Stores until the store takes it, then acknowledges; the end of the signal leaves the message to its queue. Never rejects. */
async function record(work: Work, { message, ack, requeue }: Delivery): Promise<void> {
  const { clock, signal } = work
  const nowMs = clock.now()
  const untilMs = nowMs + holdMs
  for (let { failures } = work; ; failures += 1) {
    if (await isKept(work, message, nowMs)) return ack()
    if (signal.aborted) return
    work.failures = Math.max(work.failures, failures + 1)
    const retryMs = Math.min(firstRetryMs * 2 ** failures, longestRetryMs)
    await sleep(clock, retryMs, signal).catch(() => undefined) // the end is looked at where the next attempt fails
    if (clock.now() >= untilMs) return requeue()
  }
}

async function isKept(work: Work, message: WireMessage, nowMs: number): Promise<boolean> {
  try {
    const namespace = await work.namespaceOf(message.headers.flow)
    const letter = deadLetterOf(message, { namespace, nowMs })
    const kept = await keepLetter(work, letter)
    work.failures = 0
    work.onDeadLetter?.(kept)
    return true
  } catch (err) {
    const { id, headers } = message
    const { flow, at: step } = headers
    if (!work.signal.aborted) work.log.warn({ flow, step, id, err }, 'dead letter not stored, it will be tried again')
    return false
  }
}
