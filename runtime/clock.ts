import { binaryHeap } from './binary-heap.ts'

/** The time as a parameter, so that a test can hold it. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Calls `onDue` once, `afterMs` from now or later, never within this call. Below 0 counts as 0. */
  readonly setTimer: (afterMs: number, onDue: () => void) => CancelTimer
}

/** Safe to call twice, and after the timer has run. */
export type CancelTimer = () => void

/** What `setTimeout` can count to; above it, it fires at once. */
const longestTimeoutMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer: (afterMs, onDue) => {
    let remainingMs = Math.max(0, afterMs)
    let timeout: NodeJS.Timeout
    const arm = (): void => {
      const partMs = Math.min(remainingMs, longestTimeoutMs)
      remainingMs -= partMs
      timeout = setTimeout(remainingMs > 0 ? arm : onDue, partMs)
    }
    arm()
    return () => clearTimeout(timeout)
  },
}

/** Resolves after the time, or rejects with the signal's reason. */
export function sleep(clock: Clock, afterMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // An abort reason is whatever the caller gave; `throwIfAborted` throws it the same way.
    const refuse = (): void => reject(signal?.reason)
    if (signal?.aborted) return refuse()
    const onAbort = (): void => {
      cancel()
      refuse()
    }
    const cancel = clock.setTimer(afterMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** A clock that stands still until it is told to go on. */
export interface SimulatedClock extends Clock {
  /**
   * Moves on by so much, running the timers that become due, each at its own instant and in the order of their times
   * (then of their setting), with a few turns of the event loop after each instant for what they started.
   */
  readonly advance: (byMs: number) => Promise<void>
  /** Jumps from timer to timer until none is set or the limit is passed; gives how many ran. */
  readonly runUntilIdle: (options?: { readonly atMostMs?: number }) => Promise<number>
  /** When the next timer is due; undefined when none is set. */
  readonly nextAt: () => number | undefined
}

interface SimulatedTimer {
  readonly at: number
  readonly order: number
  readonly onDue: () => void
  isCancelled: boolean
}

const turnsAfterInstant = 3

/** @param startAt milliseconds since 1970 */
export function simulatedClock(startAt = 0): SimulatedClock {
  const timers = binaryHeap<SimulatedTimer>((left, right) =>
    left.at === right.at ? left.order < right.order : left.at < right.at,
  )
  let now = startAt
  let orders = 0

  const next = (): SimulatedTimer | undefined => {
    while (timers.peek()?.isCancelled) timers.pop()
    return timers.peek()
  }
  const runInstant = async (at: number): Promise<number> => {
    now = Math.max(now, at)
    const newerThan = orders
    let count = 0
    // A timer that is set for now by one that runs now waits for the next instant, or a loop of them would never end.
    for (let timer = next(); timer && timer.at <= now && timer.order < newerThan; timer = next()) {
      timers.pop()
      count += 1
      timer.onDue()
    }
    await turns(turnsAfterInstant)
    return count
  }
  const runTo = async (until: number): Promise<number> => {
    let count = 0
    for (let timer = next(); timer && timer.at <= until; timer = next()) count += await runInstant(timer.at)
    return count
  }

  return {
    now: () => now,
    nextAt: () => next()?.at,
    setTimer: (afterMs, onDue) => {
      const timer = { at: now + Math.max(0, afterMs), order: orders++, onDue, isCancelled: false }
      timers.push(timer)
      return () => {
        timer.isCancelled = true
      }
    },
    advance: async (byMs) => {
      const until = now + byMs
      await turns(turnsAfterInstant)
      await runTo(until)
      now = Math.max(now, until)
    },
    runUntilIdle: async ({ atMostMs = Number.POSITIVE_INFINITY } = {}) => {
      await turns(turnsAfterInstant)
      return runTo(now + atMostMs)
    },
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
}
