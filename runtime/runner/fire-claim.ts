import type { FireVerdict } from '../decide/judge-claim.ts'
import { judgeFireClaim } from '../decide/judge-claim.ts'
import { dayMs } from '../wire/delay-rungs.ts'
import type { WireMessage } from '../wire/message.ts'
import type { ActivePlan } from './active-plan.ts'
import type { RunnerParts } from './runner-parts.ts'

/** A fire that is published again so long after it was settled would run again; the scheduler repeats what is unsure after 5 s. */
const rememberedMs = dayMs

/** The first message of a run that a schedule started: its id says flow, trigger and time. */
export function isScheduledFire({ id, headers }: WireMessage, active: ActivePlan): boolean {
  return id === headers.run && active.trigger(headers.trigger)?.kind === 'schedule'
}

/** Claims a schedule's fire, so that one that was published twice runs once, whatever its stage. */
export async function admitFire({ store, clock }: RunnerParts, message: WireMessage): Promise<FireVerdict> {
  const own = ownerOf(message)
  const options = { nowMs: clock.now(), windowMs: rememberedMs }
  const taken = await store.claims.take(keyOf(message), own, options)
  return taken.kind === 'taken' ? { kind: 'admitted' } : judgeFireClaim(taken.claim, own)
}

/** To be called when all that the fire gave is safe, before it is acknowledged. */
export async function finishFire({ store, clock }: RunnerParts, message: WireMessage): Promise<void> {
  await store.claims.done(keyOf(message), ownerOf(message), clock.now())
}

function keyOf({ id, headers }: WireMessage): string {
  return `fire/${headers.flow}/${id}`
}

/** A retry is the same copy and needs no claim of its own: all its attempts share one. */
function ownerOf({ headers: { copy, replay = 0 } }: WireMessage): { replay: number; attempt: number; copy: string } {
  return { replay, attempt: 1, copy }
}
