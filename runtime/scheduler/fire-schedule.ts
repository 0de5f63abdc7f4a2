import type { Plan, PlanTrigger } from '../../flow/plan/plan.ts'
import { sleep } from '../clock.ts'
import type { Fire } from '../store/store.ts'
import { fireRunId } from '../trigger/decide/fire-id.ts'
import { scheduledMessage } from '../trigger/decide/first-message.ts'
import { startRun } from '../trigger/start-run.ts'
import { freshId } from '../wire/message-id.ts'
import type { SchedulerCore } from './scheduler-parts.ts'

/** A trigger and the plan that it is fired under. */
export interface PlannedTrigger {
  readonly plan: Plan
  readonly trigger: PlanTrigger
}

/** Published, or known to need nothing any more: `done`. Otherwise the fire stays `due` and is tried again. */
export type FireOutcome = 'done' | 'due'

/**
 * Fires one due time of a schedule: inserts it under its unique key, publishes, marks it published. Whoever dies in between
 * leaves it `due`, and it is published again under the same id.
 */
export async function fireSchedule(
  core: SchedulerCore,
  { plan, trigger, at }: PlannedTrigger & { readonly at: number },
): Promise<FireOutcome> {
  const fire = { flow: plan.flow.uid, trigger: trigger.name, at, revision: plan.revision }
  if (!(await insertFire(core, fire))) return 'done'
  return publishFire(core, fire, { plan, trigger })
}

/** Publishes a fire that is `due`. Never rejects. */
export async function publishFire(core: SchedulerCore, fire: Fire, known: PlannedTrigger): Promise<FireOutcome> {
  const run = fireRunId(fire)
  core.inFlight.add(run)
  try {
    const publish = (): Promise<FireOutcome> => publishOnce(core, fire, known)
    return await (isExclusive(known.trigger) ? core.oneByOne(fire.flow, publish) : publish())
  } catch (err) {
    core.log.warn({ flow: fire.flow, trigger: fire.trigger, err }, 'fire not published, it will be tried again')
    return 'due'
  } finally {
    core.inFlight.delete(run)
  }
}

/** Makes a fire one that nobody will publish. */
export async function discardFire(core: SchedulerCore, fire: Fire): Promise<void> {
  await core.store.trackedRuns.remove(fire.flow, fireRunId(fire), fireRunId(fire))
  await core.store.fires.markPublished(fire)
}

async function publishOnce(core: SchedulerCore, fire: Fire, { plan, trigger }: PlannedTrigger): Promise<FireOutcome> {
  const run = fireRunId(fire)
  const schedule = trigger.spec.schedule
  const tracked = isExclusive(trigger)
  if (tracked && (await hasOtherRun(core, fire.flow, run))) {
    core.stats.overlapped += 1
    await core.store.fires.markPublished(fire)
    return 'done'
  }
  // Before the message, or its settlement would take off what is not yet on.
  if (tracked) await core.store.trackedRuns.add(fire.flow, run, [run])
  const nextAt = schedule && core.cron.timesOf(schedule.cron, schedule.timeZone).nextAfter(fire.at)
  const first = scheduledMessage(trigger, { at: fire.at, ...(nextAt !== undefined && { nextAt }) })
  const start = await startRun({ ...core, ids: { freshId } }, { plan, trigger, first, run, tracked })
  if (start.kind === 'unroutable') {
    core.log.warn({ flow: fire.flow, trigger: fire.trigger }, 'nobody owns the queue of a fire, it will be tried again')
    await core.plans.refresh(fire.flow)
    return 'due'
  }
  core.stats.started += 1
  await core.store.fires.markPublished(fire)
  return 'done'
}

function isExclusive(trigger: PlanTrigger): boolean {
  return trigger.spec.schedule?.overlap === 'forbid'
}

async function hasOtherRun(core: SchedulerCore, flow: string, run: string): Promise<boolean> {
  const active = await core.store.trackedRuns.active(flow)
  return active.some((other) => other !== run)
}

/** Tries until the store answers: what is not inserted would be forgotten. False when it is known already, or the scheduler closes. */
async function insertFire(core: SchedulerCore, fire: Fire): Promise<boolean> {
  for (let failures = 0; !core.signal.aborted; failures += 1) {
    try {
      return await core.store.fires.insert(fire)
    } catch (err) {
      core.log.warn({ flow: fire.flow, trigger: fire.trigger, err }, 'fire not stored, it will be tried again')
      await sleep(core.clock, Math.min(1000 * 2 ** failures, 30_000), core.signal).catch(() => undefined) // closing ends the loop
    }
  }
  return false
}
