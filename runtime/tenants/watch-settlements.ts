import type { Logger } from 'pino'
import type { CancelTimer, Clock } from '../clock.ts'
import type { Run, Store } from '../store/store.ts'
import { entryOutcome } from './decide/entry-outcome.ts'

export interface SettlementParts {
  readonly runs: Pick<Store['runs'], 'events'>
  readonly clock: Clock
  readonly log: Logger
}

/** Learns from what is recorded when a delivery has ended that a trigger caused, which another process has worked on. */
export interface Settlements {
  readonly watch: (run: Run) => void
  readonly tell: (listener: (run: Run, emitted: number) => void) => void
  readonly close: () => void
}

/** A batch is closed after 200 ms and written within a second. */
const firstLookMs = 1_500
const longestPauseMs = 30_000
/** Of a run whose records were dropped, or whose message waits for hours, nothing is heard: the queue tells then. */
const patienceMs = 600_000
const mostEvents = 200

export function watchSettlements({ runs, clock, log }: SettlementParts): Settlements {
  /** By trigger: the next fire is the only one that anybody waits for. */
  const timers = new Map<string, CancelTimer>()
  let listener: (run: Run, emitted: number) => void = () => {}
  let isClosed = false
  const look = async (run: Run): Promise<boolean> => {
    try {
      const emitted = entryOutcome(run.id, await runs.events(run.id, mostEvents))
      if (emitted !== undefined && !isClosed) listener(run, emitted)
      return emitted !== undefined
    } catch (err) {
      log.debug({ run: run.id, err }, 'it is not known yet whether a poll has ended')
      return false
    }
  }
  const arm = (run: Run, pauseMs: number, untilMs: number): void => {
    const key = `${run.flow}/${run.trigger}`
    timers.get(key)?.()
    const cancel = clock.setTimer(pauseMs, () => {
      void look(run).then((isOver) => {
        if (timers.get(key) !== cancel) return
        timers.delete(key)
        if (!isOver && !isClosed && clock.now() < untilMs) arm(run, Math.min(2 * pauseMs, longestPauseMs), untilMs)
      })
    })
    timers.set(key, cancel)
  }
  return {
    watch: (run) => {
      if (!isClosed) arm(run, firstLookMs, clock.now() + patienceMs)
    },
    tell: (next) => (listener = next),
    close: () => {
      isClosed = true
      for (const cancel of timers.values()) cancel()
      timers.clear()
    },
  }
}
