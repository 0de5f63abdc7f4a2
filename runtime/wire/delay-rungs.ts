/** The longest rung; what waits longer is parked a day at a time. */
export const dayMs = 86_400_000

/** Milliseconds for which a message can be parked, ascending: ten steps a decade, from 0.1 s to a day. */
export const rungs: readonly number[] = [
  ...[1, 10, 100, 1000, 10_000, 100_000].flatMap((scale) =>
    [100, 125, 160, 200, 250, 315, 400, 500, 630, 800].map((rung) => rung * scale),
  ),
  dayMs,
]

/** The least rung that is not below the delay: a retry's one hop. Of more than a day, the day. */
export function rungFor(delayMs: number): number {
  return rungs[indexOfCeiling(delayMs)] ?? dayMs
}

/** How much later than asked a wait of this length may end. */
export function waitSlackMs(delayMs: number): number {
  return Math.max(100, delayMs / 100)
}

/** The longest wait that has this slack. */
export function longestWaitMs(slackMs: number): number {
  return Math.ceil(slackMs * 100)
}

/**
 * The rungs that a message goes down so that it waits for the delay and not longer than the slack above it: never
 * less, at most three rungs, the longest first. Before them it repeats the day as often as `days` says.
 *
 * @param slackMs with less than `waitSlackMs`, three rungs may have to end later than that
 */
export function waitHops(delayMs: number, slackMs: number = waitSlackMs(delayMs)): WaitHops {
  if (!(delayMs > 0)) return { days: 0, rungs: [] }
  const days = Math.ceil(delayMs / dayMs) - 1
  const restMs = delayMs - days * dayMs
  return { days, rungs: oneHop(restMs, slackMs) ?? twoHops(restMs, slackMs) ?? threeHops(restMs, slackMs) }
}

export interface WaitHops {
  readonly days: number
  readonly rungs: readonly number[]
}

/**
 * The first of `waitHops`; 0 when nothing is left to wait for. Asked again after each hop, so that what a queue adds is
 * taken off; with the slack of the whole wait it takes three hops, with that of what remains it may take a few more.
 */
export function waitHop(remainingMs: number, slackMs: number = waitSlackMs(remainingMs)): number {
  const hops = waitHops(remainingMs, slackMs)
  return hops.days > 0 ? dayMs : (hops.rungs[0] ?? 0)
}

function oneHop(delayMs: number, slackMs: number): readonly number[] | undefined {
  const rung = rungFor(delayMs)
  return rung - delayMs <= slackMs ? [rung] : undefined
}

function twoHops(delayMs: number, slackMs: number): readonly number[] | undefined {
  for (let at = indexOfCeiling(delayMs) - 1; at >= 0; at -= 1) {
    const first = rungAt(at)
    const second = rungFor(delayMs - first)
    if (second > first) return undefined
    if (first + second - delayMs <= slackMs) return [first, second]
  }
  return undefined
}

function threeHops(delayMs: number, slackMs: number): readonly number[] {
  const longest = indexOfCeiling(delayMs) - 1
  // The three longest first hops always hold an answer within waitSlackMs; more would only be slower.
  for (let at = longest; at >= 0 && at > longest - 3; at -= 1) {
    const first = rungAt(at)
    const rest = twoHops(delayMs - first, slackMs)
    if (rest !== undefined) return [first, ...rest]
  }
  const first = rungAt(longest)
  const second = rungAt(indexOfCeiling(delayMs - first) - 1)
  return [first, second, rungFor(delayMs - first - second)]
}

function rungAt(index: number): number {
  return rungs[Math.max(0, index)] ?? dayMs
}

/** Index of the least rung that is not below the delay; that of the last for more than a day. */
function indexOfCeiling(delayMs: number): number {
  let low = 0
  let high = rungs.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (rungAt(middle) < delayMs) low = middle + 1
    else high = middle
  }
  return low
}
