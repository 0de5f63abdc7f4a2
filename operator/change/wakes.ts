import { openSlots } from '../../kube/write/slots.ts'
import { oneByOne } from '../../runtime/scheduler/one-by-one.ts'
import { sleep } from '../../runtime/clock.ts'
import type { ChangeCore } from './change-parts.ts'
import type { Due } from './due.ts'

/** Settles flows when they are due, each by itself. */
export interface Wakes {
  /** Rejects with what keeps the flow from being settled; it is tried again by itself. */
  readonly now: (flow: string) => Promise<void>
  /** Does the work while the flow is not looked at. */
  readonly between: <T>(flow: string, work: () => Promise<T>) => Promise<T>
  readonly close: () => Promise<void>
}

const firstRetryMs = 1000
const longestRetryMs = 30_000
/** So many flows are looked at side by side because it is time: whoever changes one comes between, however many are on their way out. */
const mostDue = 32

type WakeParts = Pick<ChangeCore, 'clock' | 'log' | 'signal'>

/** `settle` gives when the flow is due again; undefined: after the next change. */
export function openWakes(core: WakeParts, settle: (flow: string) => Promise<Due | undefined>): Wakes {
  const { clock, signal } = core
  const due = openSlots(mostDue)
  const looks = openLooks(core, settle, (flow, afterMs) => alarms.set(flow, afterMs))
  const alarms = openAlarms(core, (flow) => void lookWhenFree(flow))
  const wakeAt = (flow: string, next: Due | undefined): void =>
    alarms.set(flow, next === undefined ? undefined : next.at - clock.now())
  const lookWhenFree = async (flow: string): Promise<void> => {
    const release = await due.take()
    try {
      let next = await looks.look(flow)
      // It keeps its place: at the end of the line it would come too late, each time.
      while (next?.isPressing === true) {
        await sleep(clock, Math.max(0, next.at - clock.now()), signal)
        next = await looks.look(flow)
      }
      wakeAt(flow, next)
    } catch {
      // Told of in the log.
    } finally {
      release()
    }
  }
  return {
    now: async (flow) => wakeAt(flow, await looks.look(flow)),
    between: looks.between,
    close: async () => {
      alarms.clear()
      await looks.ended()
    },
  }
}

interface Looks {
  /** One after the other for each flow. */
  readonly look: (flow: string) => Promise<Due | undefined>
  readonly between: Wakes['between']
  readonly ended: () => Promise<unknown>
}

function openLooks(
  { log, signal }: WakeParts,
  settle: (flow: string) => Promise<Due | undefined>,
  retryIn: (flow: string, afterMs: number) => void,
): Looks {
  const failures = new Map<string, number>()
  const inTurn = oneByOne()
  const work = new Set<Promise<unknown>>()
  const settleOnce = async (flow: string): Promise<Due | undefined> => {
    if (signal.aborted) return undefined
    try {
      const next = await settle(flow)
      failures.delete(flow)
      return next
    } catch (err) {
      if (signal.aborted) return undefined
      const before = failures.get(flow) ?? 0
      failures.set(flow, before + 1)
      log.warn({ flow, err }, 'flow not brought up to date, it will be tried again')
      retryIn(flow, Math.min(longestRetryMs, firstRetryMs * 2 ** before))
      throw err
    }
  }
  const between = async <T>(flow: string, one: () => Promise<T>): Promise<T> => {
    const task = inTurn(flow, one)
    work.add(task)
    try {
      return await task
    } finally {
      work.delete(task)
    }
  }
  return {
    look: (flow) => between(flow, () => settleOnce(flow)),
    between,
    ended: () => Promise.allSettled(work),
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
