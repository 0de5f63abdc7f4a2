import type { Plan, PlanTrigger } from '../../flow/plan/plan.ts'
import { fireRunId } from '../trigger/decide/fire-id.ts'
import { scheduledMessage } from '../trigger/decide/first-message.ts'
import { startRun } from '../trigger/start-run.ts'
import { freshId } from '../wire/message-id.ts'
import type { SchedulerCore, Source } from './scheduler-parts.ts'

/** How often an endless trigger is asked for a sign of life. */
export const listenEverySeconds = 10
const askGateAgainMs = 1000
const retryMs = 5000
/**
 * Where the broker cannot tell what is parked or under way, a fire without news is over after this long, or what the call may
 * take if that is longer: it may have been settled in another process, of which nobody here is told, or wait for a retry. Then
 * one more is queued behind it.
 */
const silentMs = 60_000

export interface IntervalSourceOptions {
  readonly flow: string
  readonly trigger: string
  readonly everySeconds: number
  readonly untilEmpty: boolean
  readonly now: number
  /** It wants to be called at another time than it said. */
  readonly onMoved: () => void
}

/**
 * A poll or a listen: fires at once and then every so many seconds, but never while its last fire is still being worked on,
 * and with `untilEmpty` again as soon as a fire that gave something is settled. Not kept: a lost fire is made up for by the next.
 */
export function intervalSource(core: SchedulerCore, options: IntervalSourceOptions): Source {
  const { flow, trigger, untilEmpty, onMoved } = options
  const everyMs = options.everySeconds * 1000
  let dueAt: number | undefined = options.now
  let lastAt = Number.NEGATIVE_INFINITY
  let running: { readonly run: string; readonly since: number } | undefined

  const fire = async (now: number): Promise<number> => {
    const found = activeTrigger(core, flow, trigger)
    if (found === undefined) return everyMs
    const waitMs = await obstacleMs(core, found, { everyMs, runningSince: running?.since, now })
    if (waitMs !== undefined) return waitMs
    const at = laterThan(lastAt, now)
    lastAt = at
    // Known before it is published: it may be settled before the broker's answer is here.
    const run = fireRunId({ flow, trigger, at })
    running = { run, since: now }
    const first = scheduledMessage(found.trigger, { at, nextAt: at + everyMs })
    const start = await startRun({ ...core, ids: { freshId } }, { ...found, first, run })
    if (start.kind === 'started') {
      core.stats.started += 1
      return everyMs
    }
    if (running?.run === run) running = undefined
    // Nobody owns the queue: the flow may have changed since it was read.
    await core.plans.refresh(flow)
    return Math.min(retryMs, everyMs)
  }

  return {
    dueAt: () => dueAt,
    replan: (now) => {
      if (dueAt !== undefined) dueAt = Math.min(dueAt, now + everyMs)
    },
    onDue: async (now) => {
      dueAt = undefined
      const afterMs = await fire(now).catch((err: unknown) => {
        // Whether it was published is unknown: `running` stays, and what the queue says decides.
        core.log.warn({ flow, trigger, err }, 'poll not started, it will be tried again')
        return Math.min(retryMs, everyMs)
      })
      // Settled by now, it may want to be called at once.
      dueAt ??= now + afterMs
      onMoved()
    },
    settled: (run, emitted) => {
      if (running?.run !== run) return
      running = undefined
      if (!untilEmpty || emitted === 0) return
      dueAt = core.clock.now()
      onMoved()
    },
  }
}

function activeTrigger(core: SchedulerCore, flow: string, name: string) {
  const plan = core.plans.active(flow)
  const trigger: PlanTrigger | undefined = plan?.triggers.find((candidate) => candidate.name === name)
  return plan === undefined || trigger === undefined ? undefined : { plan, trigger }
}

function silenceOf({ plan, trigger }: Found): number {
  const step = plan.steps[trigger.to]
  return Math.max(silentMs, step?.kind === 'component' ? step.timeoutSeconds * 1000 : 0)
}

interface Found {
  readonly plan: Plan
  readonly trigger: PlanTrigger
}

/** How long to wait before trying again, while the last fire is worked on or the queue is full. */
async function obstacleMs(
  core: SchedulerCore,
  found: Found,
  {
    everyMs,
    runningSince,
    now,
  }: { readonly everyMs: number; readonly runningSince: number | undefined; readonly now: number },
): Promise<number | undefined> {
  const { queue } = found.trigger
  const patience = { ageMs: now - (runningSince ?? now), patienceMs: silenceOf(found) }
  if (runningSince !== undefined && !(await isOver(core, queue, patience))) {
    core.stats.overlapped += 1
    return everyMs
  }
  if (core.gate === undefined || (await core.gate.hasRoom(queue))) return undefined
  core.stats.heldBack += 1
  return askGateAgainMs
}

/** Heals what went without a word: nothing in the queue means that nothing of it is left. */
async function isOver(
  core: SchedulerCore,
  queue: string,
  { ageMs, patienceMs }: { readonly ageMs: number; readonly patienceMs: number },
): Promise<boolean> {
  const depth = await core.broker.depth(queue)
  if (depth === undefined) return true
  const { ready, unacknowledged, parked } = depth
  if (ready > 0) return false
  return unacknowledged === undefined || parked === undefined ? ageMs >= patienceMs : unacknowledged + parked === 0
}

/** Two fires of a trigger never bear the same time, or they would be one. A clock that was set back begins anew. */
function laterThan(lastAt: number, now: number): number {
  return lastAt >= now && lastAt - now < 1000 ? lastAt + 1 : now
}
