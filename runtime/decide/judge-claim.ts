/** The claim that stands in a message's way. */
export interface HeldClaim {
  readonly attempt: number
  readonly copy: string
  readonly state: 'started' | 'done'
  readonly claimedAt: number
}

export type ClaimVerdict =
  /**
   * Somebody had the same effect, or it is this message's own and done: drop it and count it. `isAtWork` when it is a
   * copy of the same message that holds the claim and is not done.
   */
  | { readonly kind: 'duplicate'; readonly isAtWork: boolean }
  /** Its own earlier start may still be at work: ask again then. */
  | { readonly kind: 'later'; readonly afterMs: number }
  /** Its own earlier start ended without a word: nobody knows whether it had its effect. */
  | { readonly kind: 'unknown' }

export interface ClaimQuestion {
  readonly held: HeldClaim
  /** As `claimCopy` gives it, as the holder's. */
  readonly own: { readonly attempt: number; readonly copy: string }
  readonly timeoutMs: number
  readonly nowMs: number
}

/** How a claim names who holds it: the message, of which there may be copies, and the copy. */
export function claimCopy(id: string, copy: string): string {
  return `${id}/${copy}`
}

/** What to do with a message whose deduplication key is claimed. */
export function judgeClaim({ held, own, timeoutMs, nowMs }: ClaimQuestion): ClaimVerdict {
  if (held.state === 'done') return { kind: 'duplicate', isAtWork: false }
  if (held.copy !== own.copy) return { kind: 'duplicate', isAtWork: messageOf(held.copy) === messageOf(own.copy) }
  const remainingMs = held.claimedAt + timeoutMs - nowMs
  // By a clock that was set back meanwhile it was claimed in the future: it is asked again by the right one.
  return remainingMs > 0 ? { kind: 'later', afterMs: Math.min(remainingMs, timeoutMs) } : { kind: 'unknown' }
}

function messageOf(copy: string): string {
  return copy.slice(0, copy.lastIndexOf('/'))
}

export type FireVerdict =
  /** Its own, or nobody knows how far it came: a fire is rather doubled than lost. */
  | { readonly kind: 'admitted' }
  /** Another copy of the same fire; `isDone` when that is settled, else it is still at work. */
  | { readonly kind: 'duplicate'; readonly isDone: boolean }

/** What to do with a fire that is claimed by (flow, trigger, time). */
export function judgeFireClaim(held: Pick<HeldClaim, 'copy' | 'state'>, own: { readonly copy: string }): FireVerdict {
  if (held.state === 'done') return { kind: 'duplicate', isDone: true }
  return held.copy === own.copy ? { kind: 'admitted' } : { kind: 'duplicate', isDone: false }
}
