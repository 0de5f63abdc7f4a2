import type { Logger } from 'pino'
import type { Delivery } from '../broker/broker.ts'
import { withMessage } from '../broker/broker.ts'
import { sleep } from '../clock.ts'
import type { BlobStore } from '../store/store.ts'
import type { BuryParts } from './bury-bodiless.ts'
import { buryBodiless } from './bury-bodiless.ts'
import type { Slots } from './slots.ts'

export interface RestoringParts extends BuryParts {
  readonly blobs: Pick<BlobStore, 'get'>
  readonly log: Logger
  readonly heldPerSubscription: number
}

/** A delivery that waits for its turn. */
export interface Place {
  readonly delivery: Delivery
  /** The delivery as it goes on; `nowhere` when it is settled already; absent while its body is fetched. */
  outcome?: Delivery | 'nowhere'
  /** Delivered, or given back. */
  isOver: boolean
}

export interface PlaceEvents {
  readonly onOutcome: (place: Place, outcome: Delivery | 'nowhere') => void
  /** The store does not answer; it is asked again. */
  readonly onTrouble: (place: Place) => void
  /** It has waited for as long as it may. */
  readonly onImpatience: (place: Place) => void
}

interface Restoring {
  readonly queue: string
  readonly slots: Slots
  /** Ends it without a word. */
  readonly signal: AbortSignal
  readonly events: PlaceEvents
}

const firstRetryMs = 100
const longestRetryMs = 10_000
/** RabbitMQ closes a channel whose delivery stays unacknowledged for 30 minutes; others may have a better store. */
const patienceMs = 300_000

/** Fetches the body until it comes, is known to be gone, or patience ends. Never rejects. */
export async function restoreBody(parts: RestoringParts, place: Place, restoring: Restoring): Promise<void> {
  const { queue, slots, signal, events } = restoring
  const patience = new AbortController()
  const cancel = parts.clock.setTimer(patienceMs, () => patience.abort())
  const waiting = AbortSignal.any([signal, patience.signal])
  let release: (() => void) | undefined
  try {
    release = await slots.take(waiting)
    const onFailure = (): void => events.onTrouble(place)
    const outcome = await fetched(parts, place.delivery, { queue, signal: waiting, onFailure })
    if (place.isOver || outcome === 'nowhere') release()
    if (!place.isOver) events.onOutcome(place, outcome === 'nowhere' ? outcome : holding(outcome, release))
  } catch (err) {
    release?.()
    if (signal.aborted || place.isOver) return
    parts.log.warn({ queue, err }, 'large message given back, its body could not be read in time')
    events.onImpatience(place)
  } finally {
    cancel()
  }
}

interface Fetching {
  readonly queue: string
  readonly signal: AbortSignal
  readonly onFailure: () => void
}

/** @throws the signal's reason */
async function fetched(parts: RestoringParts, delivery: Delivery, fetching: Fetching): Promise<Delivery | 'nowhere'> {
  const { message } = delivery
  const { blob = '', ...headers } = message.headers
  const payload = await untilDone(parts, fetching, () => parts.blobs.get(blob))
  if (payload !== undefined) {
    return withMessage(delivery, { id: message.id, headers, body: Buffer.concat([message.body, payload]) })
  }
  const bare = { ...message, headers }
  await untilDone(parts, fetching, () => buryBodiless(parts, bare, blob))
  delivery.ack()
  return 'nowhere'
}

async function untilDone<Result>(
  { clock, log }: RestoringParts,
  { queue, signal, onFailure }: Fetching,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let retryMs = firstRetryMs; ; retryMs = Math.min(2 * retryMs, longestRetryMs)) {
    signal.throwIfAborted()
    try {
      return await work()
    } catch (err) {
      if (retryMs === firstRetryMs) log.warn({ queue, err }, 'body of a large message not read, it will be tried again')
      onFailure()
    }
    await sleep(clock, retryMs, signal)
  }
}

/** Has its slot until it is settled. */
function holding(delivery: Delivery, release: () => void): Delivery {
  const { message, redelivered, deliveryCount } = delivery
  return {
    message,
    redelivered,
    deliveryCount,
    ack: () => {
      release()
      delivery.ack()
    },
    requeue: () => {
      release()
      delivery.requeue()
    },
  }
}
