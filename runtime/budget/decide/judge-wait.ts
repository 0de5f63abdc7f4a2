/** A request that waits for a permit. */
export interface PermitWait {
  /** Since it came. */
  readonly heldMs: number
  /** It may be kept in the runner for so long. */
  readonly holdMs: number
  /** Requests before it that have no permit yet. */
  readonly ahead: number
  /** From now to the next permit that nobody has, as far as that is known. */
  readonly nextInMs: number
  readonly intervalMs: number
  /** Messages of this budget that this runner has parked and that are not back yet. */
  readonly parked: number
}

export type WaitVerdict = { readonly kind: 'hold' } | { readonly kind: 'park'; readonly afterMs: number }

/** What is parked no longer counts as queued, and nobody upstream would wait for it: no more of a budget than this at a time. */
const mostParked = 200
const leastParkMs = 1000
const mostParkMs = 3_600_000

/** A short wait is held, a long one parked, as far as not too many are. Other runners take of the same budget: nobody knows better than this. */
export function judgeWait({ heldMs, holdMs, ahead, nextInMs, intervalMs, parked }: PermitWait): WaitVerdict {
  const waitMs = nextInMs + ahead * intervalMs
  if (heldMs + waitMs <= holdMs || parked >= mostParked) return { kind: 'hold' }
  const afterMs = Math.min(Math.max(waitMs + parked * intervalMs, leastParkMs), mostParkMs)
  return { kind: 'park', afterMs }
}
