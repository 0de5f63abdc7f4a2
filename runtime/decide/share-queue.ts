/** A queue at one moment, as the broker tells it. */
export interface QueueLook {
  /** Milliseconds of this process's clock. */
  readonly at: number
  /** Messages that wait and that nobody holds. */
  readonly ready: number
  readonly consumers: number
}

/** Where this process stands among those that may consume a queue. */
export interface QueueStanding {
  /** How many come before it. */
  readonly rank: number
  /** Of its consumers one gets messages, the next takes over. */
  readonly hasOneConsumer: boolean
}

/** One queue, as a process that shares it knows it. */
export interface QueueShare {
  readonly isConsumed: boolean
  /** The latest, oldest first. */
  readonly looks: readonly QueueLook[]
  /** Since when nothing has waited at any look. */
  readonly calmSince?: number
  /** Since when it has had as many consumers as it has. */
  readonly steadySince?: number
  /** For how long nothing must have waited before it is left to others; longer each time that this was too early. */
  readonly patienceMs: number
}

/** What waits is to be gone by then; otherwise one more consumer comes to help. */
export const drainMs = 5_000
const firstPatienceMs = 10_000
const longestPatienceMs = 600_000
const rememberedMs = 3 * drainMs
/** For each that comes before, where not all of these consume it: longer than it takes to see that one of them has left. */
const turnMs = 15_000

/** In doubt it is consumed: before anything is known, too. */
export const unknownShare: QueueShare = { isConsumed: true, looks: [], patienceMs: firstPatienceMs }

/** Whether a process consumes a queue whatever anybody says of it: its own, and as the next to take over where one consumer works at a time. */
export function isAlwaysConsumed({ rank, hasOneConsumer }: QueueStanding): boolean {
  return rank === 0 || (hasOneConsumer && rank === 1)
}

/**
 * What to do with a queue that is another's first. It is consumed when nobody else does, or when what waits would not be gone in
 * time; it is left after nothing has waited for a while, and others consume it: at once where these are as many as come before, else one
 * after the other, so that never all leave.
 *
 * @param look undefined where the broker says that there is no such queue
 */
export function decideShare(before: QueueShare, standing: QueueStanding, look: QueueLook | undefined): QueueShare {
  if (look === undefined || isAlwaysConsumed(standing)) return { ...before, isConsumed: true, looks: [] }
  const known = withLook(before, look)
  const others = look.consumers - (before.isConsumed ? 1 : 0)
  if (before.isConsumed) return mayLeave(known, standing, look) ? { ...known, isConsumed: false } : known
  if (others <= 0) return { ...known, isConsumed: true }
  if (!isSlow(known.looks)) return known
  return { ...known, isConsumed: true, patienceMs: Math.min(longestPatienceMs, 2 * known.patienceMs) }
}

function withLook({ looks, calmSince, steadySince, ...rest }: QueueShare, look: QueueLook): QueueShare {
  const { at, ready, consumers } = look
  const isSteady = looks.at(-1)?.consumers === consumers
  // A clock that was set back says nothing of how fast anything goes.
  const recent = looks.filter((before) => before.at <= at && before.at >= at - rememberedMs)
  return {
    ...rest,
    looks: [...recent, look],
    steadySince: isSteady ? since(steadySince, at) : at,
    ...(ready === 0 && { calmSince: since(calmSince, at) }),
  }
}

function since(before: number | undefined, at: number): number {
  return before === undefined ? at : Math.min(before, at)
}

function mayLeave(share: QueueShare, { rank }: QueueStanding, { at, consumers }: QueueLook): boolean {
  const { calmSince = at, steadySince = at, patienceMs } = share
  if (consumers < 2 || at - calmSince < patienceMs) return false
  return consumers > rank || at - steadySince >= rank * turnMs
}

/** Something has waited at every look for so long, and as fast as it goes it would for as long again. */
function isSlow(looks: readonly QueueLook[]): boolean {
  const last = looks.at(-1)
  const waiting = looks.slice(looks.findLastIndex(({ ready }) => ready === 0) + 1)
  const [first] = waiting
  if (last === undefined || first === undefined || last.at - first.at < drainMs) return false
  const drainedPerMs = (first.ready - last.ready) / (last.at - first.at)
  return drainedPerMs <= 0 || last.ready / drainedPerMs > drainMs
}
