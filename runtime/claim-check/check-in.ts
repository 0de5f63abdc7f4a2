import { hash } from 'node:crypto'
import type { Broker, PublishOutcome, Target } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { sleep } from '../clock.ts'
import type { BlobStore } from '../store/store.ts'
import type { WireMessage } from '../wire/message.ts'
import { payloadStart } from './payload-start.ts'

export interface CheckInParts {
  readonly broker: Pick<Broker, 'publish'>
  readonly blobs: Pick<BlobStore, 'put'>
  readonly clock: Clock
  readonly thresholdBytes: number
  readonly keepMs: number
}

/** So long others wait behind a large message for their place in the order of a queue. */
const orderedMs = 1000

/** Publishes; the bodies of large messages go to the blob store first. */
export function openCheckIn(parts: CheckInParts): Broker['publish'] {
  const { broker, thresholdBytes, clock } = parts
  /** By queue: what must be on its way before the next. */
  const ahead = new Map<string, Promise<unknown>>()

  const inOrder = async (target: Target, sending: () => Promise<PublishOutcome>): Promise<PublishOutcome> => {
    await ahead.get(target.queue)
    return sending()
  }
  const publishLarge = (target: Target, message: WireMessage, start: number): Promise<PublishOutcome> => {
    const checking = checkedIn(parts, { target, message, start })
    const delayed = new AbortController()
    const late = sleep(clock, orderedMs, delayed.signal).catch(() => undefined) // it was not needed
    const sending = inOrder(target, async () => broker.publish(target, await checking))
    // Who comes next goes on when this one has been handed over, or refused, or is late.
    const before = ahead.get(target.queue)
    const passed = Promise.race([Promise.allSettled([before, checking]), late])
    ahead.set(target.queue, passed)
    void passed.then(() => {
      delayed.abort()
      if (ahead.get(target.queue) === passed) ahead.delete(target.queue)
    })
    return sending
  }
  return (target, message) => {
    if (message.body.length > thresholdBytes) {
      const start = payloadStart(message.body)
      if (start !== undefined && message.body.length - start > thresholdBytes)
        return publishLarge(target, message, start)
    }
    if (ahead.size > 0 && ahead.has(target.queue)) return inOrder(target, () => broker.publish(target, message))
    return broker.publish(target, message)
  }
}

async function checkedIn(
  { blobs, clock, keepMs }: CheckInParts,
  { target, message, start }: { readonly target: Target; readonly message: WireMessage; readonly start: number },
): Promise<WireMessage> {
  const payload = message.body.subarray(start)
  // By its content: whoever publishes it again, after a fault or at the next step, finds it there.
  const blob = hash('sha256', payload, 'hex')
  const parkedMs = target.kind === 'delay' ? target.delayMs : 0
  await blobs.put(blob, payload, clock.now() + parkedMs + keepMs)
  // A copy, or the few bytes would keep the whole body in memory until they are confirmed.
  return { ...message, headers: { ...message.headers, blob }, body: Buffer.from(message.body.subarray(0, start)) }
}
