import type { CancelTimer, Clock } from '../clock.ts'

/** How long a message waits for its component before it is given back: others may have a place for it. */
export interface Patience {
  /** Aborted 5 minutes from now, and a little later at most, or when the runner drains; for what has not started by then. */
  readonly signal: () => AbortSignal
  /** Aborts all. Safe to repeat. */
  readonly end: () => void
}

const patienceMs = 300_000
/** Calls of so much time share a signal: one for each call would cost more than the rest of its delivery. */
const cohortMs = 30_000

interface Cohort {
  readonly until: number
  readonly controller: AbortController
  readonly cancel: CancelTimer
}

export function openPatience(clock: Clock): Patience {
  const cohorts = new Set<Cohort>()
  const ended = AbortSignal.abort()
  let newest: Cohort | undefined
  let isEnded = false

  const begin = (now: number): Cohort => {
    const controller = new AbortController()
    const cancel = clock.setTimer(patienceMs + cohortMs, () => {
      cohorts.delete(cohort)
      // With a clock that was set back it would be the newest still.
      if (newest === cohort) newest = undefined
      controller.abort()
    })
    const cohort: Cohort = { until: now + cohortMs, controller, cancel }
    cohorts.add(cohort)
    return cohort
  }
  return {
    signal: () => {
      if (isEnded) return ended
      const now = clock.now()
      if (newest === undefined || newest.until <= now) newest = begin(now)
      return newest.controller.signal
    },
    end: () => {
      isEnded = true
      for (const { controller, cancel } of cohorts) {
        cancel()
        controller.abort()
      }
      cohorts.clear()
    },
  }
}
