import type { CancelTimer, Clock } from '../clock.ts'

/** One timer for the earliest of many instants. */
export interface DueTimer {
  /** `onDue` is called at this instant (milliseconds since 1970) or earlier; then nothing is armed any more. */
  readonly armFor: (dueAt: number) => void
  readonly close: () => void
}

/** @param longestMs it looks at the clock at least so often: one that was asleep, or was set, does not make it late */
export function dueTimer(clock: Clock, onDue: () => void, longestMs = Infinity): DueTimer {
  let armedFor = Infinity
  let cancelTimer: CancelTimer | undefined
  const ring = (): void => {
    armedFor = Infinity
    onDue()
  }
  return {
    armFor: (dueAt) => {
      if (dueAt >= armedFor) return
      cancelTimer?.()
      armedFor = dueAt
      cancelTimer = clock.setTimer(Math.min(dueAt - clock.now(), longestMs), ring)
    },
    close: () => cancelTimer?.(),
  }
}
