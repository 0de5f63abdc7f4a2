import { binaryHeap } from '../binary-heap.ts'
import type { CancelTimer, Clock } from '../clock.ts'
import type { WireMessage } from '../wire/message.ts'

/** Messages that wait for their time: however many, one timer. */
export interface Parking {
  readonly park: (queue: string, delayMs: number, message: WireMessage) => void
  readonly total: () => number
  readonly countFor: (queue: string) => number
  /** Takes out everything, in the order of the times. */
  readonly takeAll: () => ParkedMessage[]
  readonly close: () => void
}

export interface ParkedMessage {
  readonly queue: string
  readonly message: WireMessage
}

interface Parked extends ParkedMessage {
  /** Milliseconds since 1970. */
  readonly dueAt: number
  readonly order: number
}

/** @param onDue gets each message when its time has come, in the order of the times, then of the parking */
export function openParking(clock: Clock, onDue: (queue: string, message: WireMessage) => void): Parking {
  const parked = binaryHeap<Parked>((left, right) =>
    left.dueAt === right.dueAt ? left.order < right.order : left.dueAt < right.dueAt,
  )
  const counts = new Map<string, number>()
  let orders = 0
  let armedFor = Infinity
  let cancelTimer: CancelTimer | undefined

  const arm = (): void => {
    const next = parked.peek()
    if (next === undefined || next.dueAt >= armedFor) return
    cancelTimer?.()
    armedFor = next.dueAt
    cancelTimer = clock.setTimer(next.dueAt - clock.now(), release)
  }
  const release = (): void => {
    armedFor = Infinity
    const now = clock.now()
    // A timer may be early by the clock's measure; then nothing is due yet, and it is set again.
    for (let next = parked.peek(); next && next.dueAt <= now; next = parked.peek()) {
      parked.pop()
      count(next.queue, -1)
      onDue(next.queue, next.message)
    }
    arm()
  }
  const count = (queue: string, by: 1 | -1): void => {
    const left = (counts.get(queue) ?? 0) + by
    if (left === 0) counts.delete(queue)
    else counts.set(queue, left)
  }

  return {
    park: (queue, delayMs, message) => {
      // Rounded up: a fraction of a millisecond must not make it early.
      parked.push({ queue, message, dueAt: clock.now() + Math.ceil(delayMs), order: orders++ })
      count(queue, 1)
      arm()
    },
    total: parked.size,
    countFor: (queue) => counts.get(queue) ?? 0,
    takeAll: () => {
      const all: ParkedMessage[] = []
      for (let next = parked.pop(); next; next = parked.pop()) all.push({ queue: next.queue, message: next.message })
      counts.clear()
      return all
    },
    close: () => cancelTimer?.(),
  }
}
