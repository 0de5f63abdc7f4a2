import { evenMb, type MemoryRules } from './share-memory.ts'

/** One key's standing in the competition for places. */
export interface PlaceClaim {
  readonly key: string
  /** `idle`: nothing runs and nothing waits. `leaving`: it holds its place until the process is gone. */
  readonly child: 'none' | 'starting' | 'idle' | 'busy' | 'leaving'
  /** An endless trigger. */
  readonly keepsPlace: boolean
  /** Age of its oldest waiting call, the lower the older; undefined when none waits. */
  readonly waitingSince?: number
  readonly usedAtMs: number
  readonly placedAtMs: number
  /** What its process may use; 0 without one. */
  readonly limitMb: number
  /** What its process must have, neither more nor less. */
  readonly wantedMb?: number
}

export interface PlaceRules {
  readonly maxProcesses: number
  readonly minTenureMs: number
  readonly memory: MemoryRules
  /** Keys without a claim that have just had a process, and are likely to want one again: each is counted on. */
  readonly recent: number
}

export interface PlaceMoves {
  /** With what each may use. */
  readonly start: readonly Placed[]
  /** At the next message boundary, an idle one at once. */
  readonly leave: readonly string[]
  /** Nobody's leaving would make room for them. */
  readonly refuse: readonly Refused[]
  /** Somebody waits for a place that another has. */
  readonly isContested: boolean
  /** Somebody waits for a place whose owner is protected for this much longer. */
  readonly againAfterMs?: number
}

export interface Placed {
  readonly key: string
  readonly limitMb: number
}

export interface Refused {
  readonly key: string
  readonly neededMb: number
  /** Endless triggers aside, which keep what they have. */
  readonly leftMb: number
}

/**
 * Who gets a place and who gives one up: the key whose call has waited longest gets the place of the least recently used idle child,
 * else of the child that has had its place longest. Endless triggers keep theirs, and leave at least one to the others.
 * A place is one of so many processes, and memory: the limits of all together never exceed what there is.
 */
export function assignPlaces(claims: readonly PlaceClaim[], rules: PlaceRules, nowMs: number): PlaceMoves {
  const wanting = claims.filter(isWanting).sort((left, right) => left.waitingSince - right.waitingSince)
  const placed = claims.filter((claim) => claim.child !== 'none')
  const count = placed.length + wanting.length + rules.recent
  const even = evenMb(rules.memory, Math.min(rules.maxProcesses, count))
  const room = openRoom(rules, placed, even)
  const endless = wanting.filter((claim) => claim.keepsPlace)
  const others = wanting.filter((claim) => !claim.keepsPlace)
  const begun = [...endless.map(room.takeForEver), ...others.map(room.take)]
  const blocked = begun.filter(({ kind }) => kind === 'blocked')
  const withoutPlace = blocked.filter(({ hasPlace }) => !hasPlace).length
  const sharing = placed.filter((claim) => !claim.keepsPlace)
  const leaving = sharing.filter((claim) => claim.child === 'leaving')
  const missing: Missing = {
    places: withoutPlace - room.freePlaces() - leaving.length,
    mb: sumMb(blocked) - room.freeMb() - sumMb(leaving),
  }
  return {
    start: begun.flatMap(({ kind, key, limitMb }) => (kind === 'started' ? [{ key, limitMb }] : [])),
    refuse: begun.flatMap((outcome) => (outcome.kind === 'refused' ? [refusalOf(outcome)] : [])),
    isContested: blocked.length > 0,
    ...leavers(sharing, missing, { nowMs, minTenureMs: rules.minTenureMs }),
  }
}

type Wanting = PlaceClaim & { readonly waitingSince: number }

function isWanting(claim: PlaceClaim): claim is Wanting {
  return claim.child === 'none' && claim.waitingSince !== undefined
}

interface Outcome {
  readonly kind: 'started' | 'blocked' | 'refused'
  readonly key: string
  readonly limitMb: number
  /** It waits for memory alone. */
  readonly hasPlace: boolean
  /** The most that there could be. */
  readonly leftMb: number
}

function refusalOf({ key, limitMb, leftMb }: Outcome): Refused {
  return { key, neededMb: limitMb, leftMb }
}

interface Room {
  readonly take: (claim: PlaceClaim) => Outcome
  readonly takeForEver: (claim: PlaceClaim) => Outcome
  readonly freePlaces: () => number
  readonly freeMb: () => number
}

/** What is free, and less with each that takes of it: those who come later do not pass who waits. */
function openRoom({ maxProcesses, memory }: PlaceRules, placed: readonly PlaceClaim[], even: number): Room {
  const totalMb = memory.totalMb ?? Infinity
  const endless = placed.filter((claim) => claim.keepsPlace)
  let kept = endless.length
  let keptMb = sumMb(endless)
  let shared = placed.length - kept
  let usedMb = sumMb(placed)
  let isBlocked = false
  const limitOf = ({ wantedMb }: PlaceClaim, mostMb: number): number =>
    wantedMb ?? Math.min(even, Math.max(memory.leastMb, mostMb))
  const freePlaces = (): number => Math.max(0, Math.max(1, maxProcesses - kept) - shared)
  const outcome = (kind: Outcome['kind'], { key, keepsPlace: hasPlace }: PlaceClaim, limitMb: number): Outcome => {
    if (kind === 'started') usedMb += limitMb
    return { kind, key, limitMb, hasPlace, leftMb: totalMb - keptMb }
  }
  return {
    freePlaces,
    freeMb: () => totalMb - usedMb,
    take: (claim) => {
      const limitMb = limitOf(claim, totalMb - keptMb)
      if (limitMb > totalMb - keptMb) return outcome('refused', claim, limitMb)
      isBlocked ||= freePlaces() === 0 || limitMb > totalMb - usedMb
      if (isBlocked) return outcome('blocked', claim, limitMb)
      shared += 1
      return outcome('started', claim, limitMb)
    },
    takeForEver: (claim) => {
      // As much is left to the others.
      const limitMb = limitOf(claim, (totalMb - keptMb) / 2)
      if (limitMb > totalMb - keptMb) return outcome('refused', claim, limitMb)
      if (limitMb > totalMb - usedMb) return outcome('blocked', claim, limitMb)
      const started = outcome('started', claim, limitMb)
      kept += 1
      keptMb += limitMb
      return started
    },
  }
}

function sumMb(some: readonly { readonly limitMb: number }[]): number {
  return some.reduce((sum, { limitMb }) => sum + limitMb, 0)
}

/** What those that wait have too little of. */
interface Missing {
  readonly places: number
  readonly mb: number
}

function leavers(
  sharing: readonly PlaceClaim[],
  missing: Missing,
  { nowMs, minTenureMs }: { readonly nowMs: number; readonly minTenureMs: number },
): Pick<PlaceMoves, 'leave' | 'againAfterMs'> {
  const idle = sharing.filter((claim) => claim.child === 'idle').sort((left, right) => left.usedAtMs - right.usedAtMs)
  const busy = sharing
    .filter((claim) => claim.child === 'busy')
    .sort((left, right) => left.placedAtMs - right.placedAtMs)
  const protectedUntil = (claim: PlaceClaim): number => claim.placedAtMs + minTenureMs
  const candidates = [...idle, ...busy.filter((claim) => protectedUntil(claim) <= nowMs)]
  const going: PlaceClaim[] = []
  const isEnough = (): boolean => going.length >= missing.places && sumMb(going) >= missing.mb
  for (const claim of candidates) if (!isEnough()) going.push(claim)
  const leave = going.map((claim) => claim.key)
  const next = busy.find((claim) => protectedUntil(claim) > nowMs)
  if (isEnough() || next === undefined) return { leave }
  return { leave, againAfterMs: protectedUntil(next) - nowMs }
}
