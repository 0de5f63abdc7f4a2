import type { Plan } from '../../flow/plan/plan.ts'
import type { Fire } from '../store/store.ts'
import { fireRunId } from '../trigger/decide/fire-id.ts'
import type { PlannedTrigger } from './fire-schedule.ts'
import { discardFire, publishFire } from './fire-schedule.ts'
import { isMark } from './mark.ts'
import type { SchedulerCore } from './scheduler-parts.ts'

/** A fire that is still `due` so long after its time has lost its publisher. */
export const repeatAfterMs = 5000

/** Publishes again what was left `due`; false when some of it is still to be done, or too young to be judged. */
export async function repeatFires(core: SchedulerCore): Promise<boolean> {
  const now = core.clock.now()
  let isDone = true
  for (const fire of await core.store.fires.due(now + 1)) {
    if (core.signal.aborted) return false
    if (core.inFlight.has(fireRunId(fire))) continue // whoever publishes it asks for more when that fails
    const isYoung = now - fire.at < repeatAfterMs
    if (isYoung || (await repeatFire(core, fire)) === 'due') isDone = false
  }
  return isDone
}

async function repeatFire(core: SchedulerCore, fire: Fire): Promise<'done' | 'due'> {
  const active = core.plans.active(fire.flow)
  const decision = decideRepeat(fire, active)
  switch (decision.kind) {
    case 'mark':
      await core.store.fires.markPublished(fire)
      return 'done'
    case 'wait':
      return 'done' // a refresh looks again
    case 'discard':
      return discard(core, fire)
    case 'publish': {
      core.stats.repeated += 1
      const plan = await core.plans.get(fire.flow, fire.revision)
      return publishFire(core, fire, underOwnRevision(plan, decision) ?? decision)
    }
  }
}

type RepeatDecision =
  | { readonly kind: 'mark' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'discard' }
  | ({ readonly kind: 'publish' } & PlannedTrigger)

function decideRepeat(fire: Fire, active: Plan | undefined): RepeatDecision {
  if (isMark(fire.at)) return { kind: 'mark' }
  const trigger = active?.triggers.find((candidate) => candidate.name === fire.trigger)
  if (active === undefined || trigger === undefined) return { kind: 'discard' }
  if (active.flow.suspend || active.flow.freeze) return { kind: 'wait' }
  return { kind: 'publish', plan: active, trigger }
}

/** A fire keeps the revision it was inserted with, as long as that one's queue is still the trigger's. */
function underOwnRevision(plan: Plan | undefined, active: PlannedTrigger): PlannedTrigger | undefined {
  const trigger = plan?.triggers.find(
    ({ name, queue }) => name === active.trigger.name && queue === active.trigger.queue,
  )
  return plan === undefined || trigger === undefined ? undefined : { plan, trigger }
}

async function discard(core: SchedulerCore, fire: Fire): Promise<'done'> {
  core.stats.discarded += 1
  core.log.warn({ flow: fire.flow, trigger: fire.trigger, scheduledAt: fire.at }, 'fire discarded, its trigger is gone')
  await discardFire(core, fire)
  return 'done'
}
