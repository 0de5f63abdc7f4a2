import { openSlots } from '../../kube/write/slots.ts'
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
/** So many flows are looked at side by side because it is time: whoever changes one comes between, however many are on their way out. */
const mostDue = 16

type WakeParts = Pick<ChangeCore, 'clock' | 'log' | 'signal'>

/** `settle` gives the instant at which the flow is due again; undefined: after the next change. */
export function openWakes(core: WakeParts, settle: (flow: string) => Promise<number | undefined>): Wakes {
  const { clock, log, signal } = core
  const failures = new Map<string, number>()
  const inTurn = oneByOne()
  const due = openSlots(mostDue)
  const work = new Set<Promise<void>>()

  const lookWhenFree = async (flow: string): Promise<void> => {
    const release = await due.take()
    await now(flow).catch(() => {}) // told of in the log
    release()
  }
  const alarms = openAlarms(core, (flow) => void lookWhenFree(flow))
  const settleOnce = async (flow: string): Promise<void> => {
    if (signal.aborted) return
    try {
      const at = await settle(flow)
      failures.delete(flow)
      alarms.set(flow, at === undefined ? undefined : at - clock.now())
    } catch (err) {
      if (signal.aborted) return
      const before = failures.get(flow) ?? 0
      failures.set(flow, before + 1)
      log.warn({ flow, err }, 'flow not brought up to date, it will be tried again')
      alarms.set(flow, Math.min(longestRetryMs, firstRetryMs * 2 ** before))
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
      alarms.clear()
      await Promise.allSettled(work)
    },
  }
}

/** One for each flow at the most. */
interface Alarms {
  /** Undefined takes it away. */
  readonly set: (flow: string, afterMs: number | undefined) => void
  readonly clear: () => void
}

function openAlarms({ clock, signal }: WakeParts, onDue: (flow: string) => void): Alarms {
  const timers = new Map<string, () => void>()
  return {
    set: (flow, afterMs) => {
      timers.get(flow)?.()
      timers.delete(flow)
      if (afterMs === undefined || signal.aborted) return
      const ring = (): void => {
        timers.delete(flow)
        onDue(flow)
      }
      timers.set(flow, clock.setTimer(Math.max(0, afterMs), ring))
    },
    clear: () => {
      for (const cancel of timers.values()) cancel()
      timers.clear()
    },
  }
}
