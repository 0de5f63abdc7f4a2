/** What a runner has seen of one queue since it last decided. */
export interface ReadAheadWindow {
  /** Messages that it holds at most now. */
  readonly current: number
  /** Messages that the step works on at a time; undefined where nothing bounds them. */
  readonly concurrency: number | undefined
  /** Deliveries that ended. */
  readonly ended: number
  /** The most that were held at once. */
  readonly held: number
  readonly windowMs: number
}

/** However fast a step is: all of them come back when the runner dies. */
export const mostReadAhead = 200
/** What a broker may need to send the next ones: a step must not run dry meanwhile. */
const latencyMs = 200
/** What is held longer would do more good with another runner. */
const workMs = 60_000
/** Of built-ins, before anything is known. */
const firstUnbounded = 100
const leastUnbounded = 10

/** Before anything is known of a step. */
export function firstReadAhead(concurrency: number | undefined): number {
  return concurrency === undefined ? firstUnbounded : leastReadAhead(concurrency)
}

/**
 * How many messages to hold from now on: what the step works on at a time, and behind it what it gets through in the time
 * that a broker needs. Doubled where all that is held is too little, halved where a quarter would do.
 */
export function decideReadAhead(seen: ReadAheadWindow): number {
  const { current, concurrency, ended, held, windowMs } = seen
  if (!(windowMs > 0) || ended === 0) return current
  const wanted = wantedReadAhead(concurrency, ended / windowMs)
  if (current < Math.min(wanted, leastReadAhead(concurrency))) return Math.min(wanted, leastReadAhead(concurrency))
  // What was never full says nothing of how fast the step is.
  if (held >= current && wanted > current) return Math.min(wanted, current * 2)
  if (held >= current && wanted * 4 <= current) return Math.max(wanted, current >> 1)
  return current > wanted && isSlow(concurrency, ended / windowMs) ? wanted : current
}

function wantedReadAhead(concurrency: number | undefined, perMs: number): number {
  const running = Math.min(concurrency ?? 0, mostReadAhead - 1)
  const spare = leastReadAhead(concurrency) - running
  const waiting = Math.min(Math.max(spare, Math.ceil(perMs * latencyMs)), Math.max(1, Math.floor(perMs * workMs)))
  return Math.min(mostReadAhead, running + waiting)
}

/** Fewer than what is spare go through in the time that a message may be held. */
function isSlow(concurrency: number | undefined, perMs: number): boolean {
  return perMs * workMs < leastReadAhead(concurrency) - Math.min(concurrency ?? 0, mostReadAhead - 1)
}

function leastReadAhead(concurrency: number | undefined): number {
  if (concurrency === undefined) return leastUnbounded
  return Math.min(mostReadAhead, Math.max(concurrency + 1, Math.ceil(concurrency * 1.5)))
}
