import type { Delivery } from '../../runtime/broker/broker.ts'
import { deadQueue } from '../../runtime/broker/broker.ts'
import { sleep } from '../../runtime/clock.ts'
import { TransientError } from '../../runtime/error.ts'
import { answerFailure } from '../../runtime/runner/answer.ts'
import { mismatched } from '../../runtime/runner/mismatched.ts'
import type { WireMessage } from '../../runtime/wire/message.ts'
import type { ChangeCore } from './change-parts.ts'

/** Consumes a queue that no plan has any more: each of its messages becomes a dead letter. */
export interface Reaper {
  readonly unsettled: () => number
  /** False once the broker has ended it. */
  readonly isOpen: () => boolean
  readonly close: () => Promise<void>
}

export type ReaperParts = Pick<ChangeCore, 'broker' | 'clock' | 'log' | 'store' | 'signal'>

const againMs = 1000

/** @throws {PermanentError} `QueueNotFound` when there is no such queue */
export async function openReaper(parts: ReaperParts, queue: string): Promise<Reaper> {
  let unsettled = 0
  let isOpen = true
  const onDelivery = (delivery: Delivery): void => {
    unsettled += 1
    void settle(parts, delivery).finally(() => {
      unsettled -= 1
    })
  }
  const onEnd = (): void => {
    isOpen = false
  }
  // One at a time: whoever looks at the queue sees what is left in it.
  const subscription = await parts.broker.consume(queue, { prefetch: 1, onEnd }, onDelivery)
  return { unsettled: () => unsettled, isOpen: () => isOpen, close: subscription.close }
}

async function settle(parts: ReaperParts, delivery: Delivery): Promise<void> {
  try {
    await bury(parts, delivery.message)
    delivery.ack()
  } catch (err) {
    const { flow, at: step } = delivery.message.headers
    parts.log.warn({ flow, step, err }, 'message of a retired queue not buried, it will be tried again')
    await sleep(parts.clock, againMs, parts.signal).catch(() => {})
    delivery.requeue()
  }
}

async function bury({ broker, clock, store }: ReaperParts, message: WireMessage): Promise<void> {
  const { letter, failure } = mismatched(message, clock.now())
  const outcome = await broker.publish({ kind: 'queue', queue: deadQueue }, letter)
  if (outcome === 'unroutable')
    throw new TransientError('NoDeadLetters', 'nobody has declared the queue of dead letters')
  const { tracked, flow, run } = message.headers
  if (tracked === true) await store.trackedRuns.remove(flow, run, message.id)
  await answerFailure({ broker }, message.headers, failure)
}
