import type { Claim } from './store.ts'

export type ClaimOwner = Pick<Claim, 'replay' | 'attempt' | 'copy'>

/** Whether a claim that is held may be taken by another, or again. */
export function isFree(held: Claim, by: ClaimOwner, { nowMs, windowMs }: { nowMs: number; windowMs: number }): boolean {
  if (held.doneAt !== undefined && held.doneAt + windowMs <= nowMs) return true
  if (by.replay !== held.replay) return by.replay > held.replay
  return by.copy === held.copy && by.attempt > held.attempt
}

export function isHeldBy(held: Claim, owner: ClaimOwner): boolean {
  return held.replay === owner.replay && held.attempt === owner.attempt && held.copy === owner.copy
}
