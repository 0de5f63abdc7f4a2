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
}

export interface PlaceRules {
  readonly maxProcesses: number
  readonly minTenureMs: number
}

export interface PlaceMoves {
  readonly start: readonly string[]
  /** At the next message boundary, an idle one at once. */
  readonly leave: readonly string[]
  /** Somebody waits for a place that another has. */
  readonly isContested: boolean
  /** Somebody waits for a place whose owner is protected for this much longer. */
  readonly againAfterMs?: number
}

/**
 * Who gets a place and who gives one up: the key whose call has waited longest gets the place of the least recently used idle child,
 * else of the child that has had its place longest. Endless triggers keep theirs, and leave at least one to the others.
 */
export function assignPlaces(claims: readonly PlaceClaim[], rules: PlaceRules, nowMs: number): PlaceMoves {
  const wanting = claims.filter(isWanting).sort((left, right) => left.waitingSince - right.waitingSince)
  const endless = wanting.filter((claim) => claim.keepsPlace)
  const others = wanting.filter((claim) => !claim.keepsPlace)
  const placed = claims.filter((claim) => claim.child !== 'none')
  const kept = placed.filter((claim) => claim.keepsPlace).length + endless.length
  const sharedPlaces = Math.max(1, rules.maxProcesses - kept)
  const sharing = placed.filter((claim) => !claim.keepsPlace)
  const free = Math.max(0, sharedPlaces - sharing.length)
  const leaving = sharing.filter((claim) => claim.child === 'leaving').length
  const missing = Math.max(0, others.length - free - leaving)
  return {
    start: [...endless, ...others.slice(0, free)].map((claim) => claim.key),
    isContested: others.length > free,
    ...leavers(sharing, missing, { nowMs, minTenureMs: rules.minTenureMs }),
  }
}

type Wanting = PlaceClaim & { readonly waitingSince: number }

function isWanting(claim: PlaceClaim): claim is Wanting {
  return claim.child === 'none' && claim.waitingSince !== undefined
}

function leavers(
  sharing: readonly PlaceClaim[],
  missing: number,
  { nowMs, minTenureMs }: { readonly nowMs: number; readonly minTenureMs: number },
): Pick<PlaceMoves, 'leave' | 'againAfterMs'> {
  const idle = sharing.filter((claim) => claim.child === 'idle').sort((left, right) => left.usedAtMs - right.usedAtMs)
  const busy = sharing
    .filter((claim) => claim.child === 'busy')
    .sort((left, right) => left.placedAtMs - right.placedAtMs)
  const protectedUntil = (claim: PlaceClaim): number => claim.placedAtMs + minTenureMs
  const candidates = [...idle, ...busy.filter((claim) => protectedUntil(claim) <= nowMs)]
  const leave = candidates.slice(0, missing).map((claim) => claim.key)
  const next = busy.find((claim) => protectedUntil(claim) > nowMs)
  if (leave.length === missing || next === undefined) return { leave }
  return { leave, againAfterMs: protectedUntil(next) - nowMs }
}
