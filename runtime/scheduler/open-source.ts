import type { PlanSchedule } from '../../flow/plan/defaults.ts'
import { cronSource } from './cron-source.ts'
import type { PlannedSource } from './decide/plan-sources.ts'
import { intervalSource, listenEverySeconds } from './interval-source.ts'
import { markDone } from './mark.ts'
import type { SchedulerCore, Source } from './scheduler-parts.ts'

export interface OpenSourceOptions {
  /** What it has missed before counts. */
  readonly isFirstSeen: boolean
  /** It is due at another time than it said. */
  readonly onMoved: () => void
  /** A fire was stored and could not be published. */
  readonly onLeftDue: () => void
}

/** Undefined, and logged, when the schedule is not one. */
export async function openSource(
  core: SchedulerCore,
  planned: PlannedSource,
  options: OpenSourceOptions,
): Promise<Source | undefined> {
  const { schedule, poll } = planned.spec
  if (schedule !== undefined) return openSchedule(core, planned, { ...options, schedule })
  return intervalSource(core, {
    flow: planned.flow,
    trigger: planned.trigger,
    everySeconds: poll?.everySeconds ?? listenEverySeconds,
    untilEmpty: poll?.untilEmpty === true,
    now: core.clock.now(),
    onMoved: options.onMoved,
  })
}

/** Time until now is not to be made up for: the schedule was not there, or was suspended. */
export async function markSource(core: SchedulerCore, source: PlannedSource): Promise<void> {
  if (source.spec.schedule !== undefined) await markDone(core.store.fires, source, core.clock.now())
}

async function openSchedule(
  core: SchedulerCore,
  planned: PlannedSource,
  { schedule, isFirstSeen, onLeftDue }: OpenSourceOptions & { readonly schedule: PlanSchedule },
): Promise<Source | undefined> {
  const { flow, trigger } = planned
  try {
    core.cron.timesOf(schedule.cron, schedule.timeZone)
  } catch (err) {
    core.log.error({ flow, trigger, err }, 'trigger cannot be scheduled')
    return undefined
  }
  const now = core.clock.now()
  const latest = isFirstSeen ? await core.store.fires.latest(flow, trigger) : undefined
  if (latest === undefined) await markSource(core, planned)
  const after = Math.min(latest ?? now, now)
  return cronSource(core, {
    flow,
    trigger,
    schedule,
    after,
    onOutcome: (outcome) => (outcome === 'due' ? onLeftDue() : undefined),
  })
}
