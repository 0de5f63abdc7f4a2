import type { PlanSchedule } from '../../flow/plan/defaults.ts'
import type { CronTimes } from './cron-times.ts'
import type { DueTime } from './decide/due-times.ts'
import { decideDue } from './decide/due-times.ts'
import { jitterMs } from './decide/jitter.ts'
import { fireSchedule } from './fire-schedule.ts'
import type { SchedulerCore, Source } from './scheduler-parts.ts'

/** More than this many missed fires of one schedule are not made up for, whatever its policy. */
const mostMissed = 100

export interface CronSourceOptions {
  readonly flow: string
  readonly trigger: string
  readonly schedule: PlanSchedule
  /** Times up to here are done with. */
  readonly after: number
  readonly onOutcome: (outcome: 'done' | 'due') => void
}

/**
 * A schedule. Each time is fired its jitter later, before the next one; the jitter is cut to the distance between the two.
 *
 * @throws {Error} the cron expression or the zone is not one
 */
export function cronSource(core: SchedulerCore, options: CronSourceOptions): Source {
  const { flow, trigger, schedule } = options
  const times = core.cron.timesOf(schedule.cron, schedule.timeZone)
  const toDue = (at: number): DueTime => ({ at, dueAt: at + jitterOf({ flow, trigger, at }, schedule, times) })
  const firstAfter = (at: number): DueTime | undefined => {
    const next = times.nextAfter(at)
    return next === undefined ? undefined : toDue(next)
  }
  let pending = firstAfter(options.after)

  const takeDue = (now: number): readonly DueTime[] => {
    if (pending === undefined) return []
    const second = firstAfter(pending.at)
    if (second === undefined || second.dueAt > now) {
      const only = pending
      pending = second
      return [only]
    }
    const { times: came, hasMore } = times.newest({ after: pending.at - 1, until: now, atMost: mostMissed })
    if (hasMore) core.stats.missed += 1
    const due = came.map(toDue).filter((time) => time.dueAt <= now)
    pending = firstAfter(due.at(-1)?.at ?? now)
    return due
  }
  return {
    dueAt: () => pending?.dueAt,
    replan: (now) => {
      pending = firstAfter(now)
    },
    onDue: async (now) => {
      const { fire, skipped } = decideDue(takeDue(now), schedule, now)
      if (skipped.length > 0) {
        core.stats.missed += skipped.length
        core.log.warn({ flow, trigger, skipped: skipped.length }, 'schedule missed fires')
      }
      // One after the other: with overlap forbidden the second has to see the first.
      for (const { at } of fire) {
        const plan = core.plans.active(flow)
        const active = plan?.triggers.find((candidate) => candidate.name === trigger)
        if (plan === undefined || active?.spec.schedule === undefined) return
        options.onOutcome(await fireSchedule(core, { plan, trigger: active, at }))
      }
    },
  }
}

function jitterOf(
  key: { readonly flow: string; readonly trigger: string; readonly at: number },
  { jitterSeconds }: PlanSchedule,
  times: CronTimes,
): number {
  if (jitterSeconds <= 0) return 0
  const nextAt = times.nextAfter(key.at) ?? Number.POSITIVE_INFINITY
  return jitterMs(key, Math.min(jitterSeconds * 1000, nextAt - key.at))
}
