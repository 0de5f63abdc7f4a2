import type { MessageHeaders } from '../wire/message.ts'
import { cronBook } from './cron-times.ts'
import { oneByOne } from './one-by-one.ts'
import { repeatAfterMs, repeatFires } from './repeat-fires.ts'
import type { NextFire, SchedulerCore, SchedulerParts, SchedulerStats } from './scheduler-parts.ts'
import { sourceTable } from './source-table.ts'
import { sourcesOf } from './sources-of.ts'
import { timekeeper } from './timekeeper.ts'

/** Fires the schedules, polls and endless triggers of the active plans. */
export interface Scheduler {
  /** The plans have changed: an edit, a suspension, a flow more or less. */
  readonly refresh: () => Promise<void>
  /** The delivery that a trigger caused is settled, and gave so many messages; of other triggers than polls it is ignored. */
  readonly entrySettled: (headers: Pick<MessageHeaders, 'flow' | 'trigger' | 'run'>, emitted: number) => void
  /** When each trigger fires next, by flow uid and trigger; milliseconds since 1970. */
  readonly nextFires: () => readonly NextFire[]
  readonly stats: () => Readonly<SchedulerStats>
  /** No new fires; those under way are finished. Safe to repeat. */
  readonly close: () => Promise<void>
}

/** One that leads: two at a time publish each fire twice, under the same id. */
export async function openScheduler(parts: SchedulerParts): Promise<Scheduler> {
  const closing = new AbortController()
  const core: SchedulerCore = {
    ...parts,
    cron: cronBook(),
    stats: { started: 0, repeated: 0, overlapped: 0, missed: 0, discarded: 0, heldBack: 0 },
    signal: closing.signal,
    oneByOne: oneByOne(),
    inFlight: new Set(),
  }
  const table = sourceTable()
  const work = new Set<Promise<void>>()
  const started = (task: Promise<void>): void => {
    const ended: Promise<void> = task.then(
      () => void work.delete(ended),
      () => void work.delete(ended), // whoever started it hears of it
    )
    work.add(ended)
  }
  const time = timekeeper(core, table, started)
  const sources = sourcesOf(core, { table, onMoved: time.arm, onLeftDue: () => upkeep.soon() })
  const refresh = async (): Promise<boolean> => {
    const isComplete = await sources.refresh()
    time.arm()
    return isComplete
  }
  const upkeep = upkeepOf(core, started, refresh)
  await upkeep.now()
  upkeep.soon()
  return {
    refresh: upkeep.now,
    entrySettled: sources.entrySettled,
    nextFires: sources.nextFires,
    stats: () => ({ ...core.stats }),
    close: async () => {
      if (closing.signal.aborted) return
      closing.abort()
      time.stop()
      upkeep.stop()
      await Promise.all(work)
      await sources.close()
    },
  }
}

/** Brings sources and left fires up to date, when it is asked to and as long as something is left to be done. */
function upkeepOf(
  core: SchedulerCore,
  started: (task: Promise<void>) => void,
  refresh: () => Promise<boolean>,
): { readonly now: () => Promise<void>; readonly soon: () => void; readonly stop: () => void } {
  let cancel: (() => void) | undefined
  const bringUpToDate = async (): Promise<void> => {
    const isRefreshed = await refresh()
    const isRepeated = await repeatFires(core).catch((err: unknown) => {
      core.log.warn({ err }, 'due fires not read, they will be read again')
      return false
    })
    if (!isRefreshed || !isRepeated) soon()
  }
  const now = async (): Promise<void> => {
    cancel?.()
    cancel = undefined
    if (core.signal.aborted) return
    const task = core.oneByOne('upkeep', bringUpToDate)
    started(task)
    await task
  }
  const soon = (): void => {
    if (core.signal.aborted) return
    cancel ??= core.clock.setTimer(repeatAfterMs, () => void now())
  }
  return { now, soon, stop: () => cancel?.() }
}
