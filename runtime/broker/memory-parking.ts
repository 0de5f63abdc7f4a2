import { binaryHeap } from '../binary-heap.ts'
import type { Clock } from '../clock.ts'
import type { WireMessage } from '../wire/message.ts'
import type { PublishOutcome } from './broker.ts'
import { dueTimer } from './due-timer.ts'
import type { Parking } from './message-keep.ts'
import { parkedCounts } from './parked-counts.ts'

interface Parked {
  readonly queue: string
  readonly message: WireMessage
  /** Milliseconds since 1970. */
  readonly dueAt: number
  readonly order: number
}

const confirmed: Promise<PublishOutcome> = Promise.resolve('confirmed')

/** @param onDue gets each message when its time has come, in the order of the times, then of the parking */
export function memoryParking(clock: Clock, onDue: (queue: string, message: WireMessage) => void): Parking {
  const parked = binaryHeap<Parked>((left, right) =>
    left.dueAt === right.dueAt ? left.order < right.order : left.dueAt < right.dueAt,
  )
  const counts = parkedCounts()
  let orders = 0

  const release = (): void => {
    const now = clock.now()
    // A timer may be early by the clock's measure; then nothing is due yet, and it is set again.
    for (let next = parked.peek(); next && next.dueAt <= now; next = parked.peek()) {
      parked.pop()
      counts.add(next.queue, -1)
      onDue(next.queue, next.message)
    }
    const next = parked.peek()
    if (next !== undefined) timer.armFor(next.dueAt)
  }
  const timer = dueTimer(clock, release)

  return {
    park: (queue, delayMs, message) => {
      // Rounded up: a fraction of a millisecond must not make it early.
      const dueAt = clock.now() + Math.ceil(delayMs)
      parked.push({ queue, message, dueAt, order: orders++ })
      counts.add(queue, 1)
      timer.armFor(dueAt)
      return confirmed
    },
    total: counts.total,
    countFor: counts.countFor,
    close: timer.close,
  }
}
