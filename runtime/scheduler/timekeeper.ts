import type { SchedulerCore } from './scheduler-parts.ts'
import type { SourceTable } from './source-table.ts'

/** Looks at the clock at least this often: timers do not see that it was set, or that the machine slept. */
const lookAtLeastMs = 30_000
const setBackMs = 1000

/** One timer, for whatever is due first. */
export function timekeeper(core: SchedulerCore, table: SourceTable, started: (task: Promise<void>) => void) {
  let timer: { readonly at: number; readonly cancel: () => void } | undefined
  let seenAt = core.clock.now()

  const arm = (): void => {
    if (core.signal.aborted) return
    const now = core.clock.now()
    const at = Math.min(table.nextAt() ?? Number.POSITIVE_INFINITY, now + lookAtLeastMs)
    // One that is earlier than needed arms the next.
    if (timer !== undefined && timer.at <= at && timer.at <= now + lookAtLeastMs) return
    timer?.cancel()
    timer = { at, cancel: core.clock.setTimer(Math.max(0, at - now), look) }
  }
  const look = (): void => {
    timer = undefined
    const now = core.clock.now()
    if (now < seenAt - setBackMs) replanAll(core, table, now)
    seenAt = now
    for (let due = table.takeDue(now); due !== undefined; due = table.takeDue(now)) {
      started(due.source.onDue(now))
      table.enter(due.key)
    }
    arm()
  }
  return {
    arm,
    stop: () => timer?.cancel(),
  }
}

function replanAll(core: SchedulerCore, table: SourceTable, now: number): void {
  core.log.warn({}, 'the clock was set back')
  for (const key of table.keys()) {
    table.get(key)?.replan(now)
    table.enter(key)
  }
}
