import { oneByOne } from '../../runtime/scheduler/one-by-one.ts'
import type { ChangeCore } from './change-parts.ts'

/** Settles flows when they are due, each by itself. */
export interface Wakes {
  /** Rejects with what keeps the flow from being settled; it is tried again by itself. */
  readonly now: (flow: string) => Promise<void>
  readonly close: () => Promise<void>
}

const firstRetryMs = 1000
const longestRetryMs = 30_000

type WakeParts = Pick<ChangeCore, 'clock' | 'log' | 'signal'>

/** `settle` gives the instant at which the flow is due again; undefined: after the next change. */
export function openWakes(core: WakeParts, settle: (flow: string) => Promise<number | undefined>): Wakes {
  const { clock, log, signal } = core
  const timers = new Map<string, () => void>()
  const failures = new Map<string, number>()
  const inTurn = oneByOne()
  const work = new Set<Promise<void>>()

  const wakeIn = (flow: string, afterMs: number | undefined): void => {
    timers.get(flow)?.()
    timers.delete(flow)
    if (afterMs === undefined || signal.aborted) return
    const onDue = (): void => {
      timers.delete(flow)
      now(flow).catch(() => {}) // told of in the log
    }
    timers.set(flow, clock.setTimer(Math.max(0, afterMs), onDue))
  }
  const settleOnce = async (flow: string): Promise<void> => {
    if (signal.aborted) return
    try {
      const at = await settle(flow)
      failures.delete(flow)
      wakeIn(flow, at === undefined ? undefined : at - clock.now())
    } catch (err) {
      if (signal.aborted) return
      const before = failures.get(flow) ?? 0
      failures.set(flow, before + 1)
      log.warn({ flow, err }, 'flow not brought up to date, it will be tried again')
      wakeIn(flow, Math.min(longestRetryMs, firstRetryMs * 2 ** before))
      throw err
    }
  }
  const now = async (flow: string): Promise<void> => {
    const task = inTurn(flow, () => settleOnce(flow))
    work.add(task)
    try {
      await task
    } finally {
      work.delete(task)
    }
  }
  return {
    now,
    close: async () => {
      for (const cancel of timers.values()) cancel()
      timers.clear()
      await Promise.allSettled(work)
    },
  }
}
