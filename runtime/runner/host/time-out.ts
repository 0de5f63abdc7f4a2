import type { CancelTimer, Clock } from '../../clock.ts'
import { valuesOf } from '../../number-table.ts'
import { elapsedMs } from './call-time.ts'
import type { ChildCalls, RunningCall } from './child-calls.ts'
import type { DeathCause } from './decide/judge-death.ts'

/** Watches the calls of one child with one timer. */
export interface TimeOut {
  /** A call has this long from now. */
  readonly arm: (limitMs: number) => void
  readonly onPong: () => void
  readonly close: () => void
}

export interface TimeOutOptions {
  readonly clock: Clock
  readonly loadTimeoutMs: number
  /** Once. */
  readonly onTimeOut: (cause: DeathCause) => void
}

/** A process that answers within this is not blocked. */
const answerMs = 1000
/** Between looks at a call whose time stands still. */
const shortestMs = 10

export function openTimeOut(calls: ChildCalls, { clock, loadTimeoutMs, onTimeOut }: TimeOutOptions): TimeOut {
  let cancel: CancelTimer | undefined
  let dueAtMs = Number.POSITIVE_INFINITY
  let isAsking = false

  const setTimer = (afterMs: number, onDue: () => void): void => {
    cancel?.()
    dueAtMs = clock.now() + afterMs
    cancel = clock.setTimer(afterMs, () => {
      dueAtMs = Number.POSITIVE_INFINITY
      onDue()
    })
  }
  const remainingMs = (running: RunningCall): number => {
    const limitMs = running.isLoading ? loadTimeoutMs : running.call.timeoutMs
    return limitMs - elapsedMs(running.time, clock.now())
  }
  const expired = (): RunningCall[] => valuesOf(calls.running).filter((running) => remainingMs(running) <= 0)
  const check = (): void => {
    const late = expired()
    if (late.length === 0) return watch()
    const loading = late.filter((running) => running.isLoading)
    if (loading.length > 0) return onTimeOut({ kind: 'notLoaded', afterMs: loadTimeoutMs, calls: numbersOf(loading) })
    if (calls.running.size === 1) return timeOut(late)
    // Several are running: one that blocks the process makes the others late as well.
    isAsking = true
    calls.ping()
    setTimer(answerMs, () => onTimeOut({ kind: 'blocked' }))
  }
  const watch = (): void => {
    if (calls.running.size === 0) return
    const soonestMs = Math.min(...valuesOf(calls.running).map(remainingMs))
    setTimer(Math.max(shortestMs, soonestMs), check)
  }
  const timeOut = (late: readonly RunningCall[]): void => onTimeOut({ kind: 'timedOut', calls: numbersOf(late) })
  return {
    arm: (limitMs) => {
      if (!isAsking && clock.now() + limitMs < dueAtMs) setTimer(limitMs, check)
    },
    onPong: () => {
      isAsking = false
      const late = expired()
      if (late.length === 0) watch()
      else timeOut(late)
    },
    close: () => cancel?.(),
  }
}

function numbersOf(calls: readonly RunningCall[]): ReadonlySet<number> {
  return new Set(calls.map((running) => running.number))
}
