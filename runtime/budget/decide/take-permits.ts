/** A rate budget, as the store that counts it is asked. */
export interface PermitAsk {
  /** Between two permits when all are taken. */
  readonly intervalMs: number
  /** Permits that may come at once, after nobody took one for long enough. */
  readonly burst: number
  /** For requests that wait. */
  readonly wanted: number
  /** For requests that may come: given only of what nobody has to wait for. */
  readonly spare: number
  /** Permits of so long from now on may be taken today. */
  readonly aheadMs: number
}

export type PermitAnswer =
  | {
      readonly kind: 'taken'
      readonly count: number
      /** From now to the first; 0 or less when it is there. The others follow, an interval apart. */
      readonly firstInMs: number
    }
  /** To ask earlier is useless. */
  | { readonly kind: 'none'; readonly againMs: number }

/** What is known of a budget's use. All in milliseconds since 1970, by the clock of the store. */
export interface BudgetUse {
  /** Of the next permit. */
  readonly freeAt: number
  readonly pausedAt: number
  /** Nobody gets a permit until so long after that. */
  readonly pausedMs: number
}

export interface TakenPermits {
  readonly use: BudgetUse
  readonly answer: PermitAnswer
}

const unused: BudgetUse = { freeAt: Number.NEGATIVE_INFINITY, pausedAt: 0, pausedMs: 0 }

/**
 * Takes permits of a token bucket that is kept as one instant: permits are an interval apart, nobody's past ones are lost but the last `burst`.
 * In any time T there are at most `burst` + T / interval of them, whoever takes them.
 */
export function takePermits(use: BudgetUse = unused, ask: PermitAsk, now: number): TakenPermits {
  const pauseMs = pauseLeftMs(use, now)
  if (pauseMs > 0) return { use, answer: { kind: 'none', againMs: pauseMs } }
  const firstAt = firstPermitAt(use, ask, now)
  const { intervalMs, wanted, spare, aheadMs } = ask
  const present = permitsUntil(now, firstAt, intervalMs)
  const possible = permitsUntil(now + aheadMs, firstAt, intervalMs)
  const count = Math.max(Math.min(wanted, possible), Math.min(wanted + spare, present))
  // Kept also where none is taken: what was brought nearer must not be brought nearer again from each later now.
  const next = { ...use, freeAt: firstAt + count * intervalMs }
  if (count > 0) return { use: next, answer: { kind: 'taken', count, firstInMs: firstAt - now } }
  return { use: next, answer: { kind: 'none', againMs: Math.max(0, firstAt - aheadMs - now) } }
}

/** A pause of the budget from now on; what is left of a longer one stays. */
export function pausePermits(use: BudgetUse = unused, forMs: number, now: number): BudgetUse {
  return pauseLeftMs(use, now) >= forMs ? use : { ...use, pausedAt: now, pausedMs: forMs }
}

/** A pause that begins later than now was noted by a clock that was set back since: it is over, or it would last for ever. */
function pauseLeftMs({ pausedAt, pausedMs }: BudgetUse, now: number): number {
  return pausedAt > now ? 0 : pausedAt + pausedMs - now
}

/** Nobody can have taken what is further away than this, unless the clock was set back, or the budget was smaller: then it counts from here. */
function firstPermitAt({ freeAt }: BudgetUse, { intervalMs, burst, aheadMs }: PermitAsk, now: number): number {
  const latest = now + aheadMs + intervalMs
  const earliest = now - (burst - 1) * intervalMs
  return Math.max(Math.min(freeAt, latest), earliest)
}

function permitsUntil(until: number, firstAt: number, intervalMs: number): number {
  return Math.max(0, Math.floor((until - firstAt) / intervalMs) + 1)
}
