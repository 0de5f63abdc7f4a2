/** What the looks in a row have shown that found all queues of a flow empty, which is being deleted. */
export interface DrainFacts {
  readonly now: number
  /** Of the first of them, in milliseconds since 1970. */
  readonly since: number
  readonly looks: number
  readonly emptyMs: number
  /** In each of them it was told how many messages are worked on. */
  readonly isAllCounted: boolean
  /** How old that may be at most; 0 where the broker itself tells it. */
  readonly countedLateMs: number
  /** The longest that a step of the flow may work on one message. */
  readonly longestCallMs: number
}

/** So often at least, whatever the clock says: one answer may be that of a slow leader. */
const leastLooks = 3
const spareMs = 1000

export function decideDrained(facts: DrainFacts): boolean {
  const wantedMs = emptyForMs(facts)
  return facts.looks >= (wantedMs === 0 ? 1 : leastLooks) && facts.now - facts.since >= wantedMs
}

/**
 * Where nobody can tell what is worked on, a queue may be found empty as long as that takes: twice the longest call, since a runner
 * may hold the next message behind the one that it works on.
 */
function emptyForMs({ emptyMs, isAllCounted, countedLateMs, longestCallMs }: DrainFacts): number {
  return isAllCounted ? emptyMs + countedLateMs : Math.max(emptyMs, 2 * longestCallMs + spareMs)
}
