import type { Clock } from '../clock.ts'
import { boundedMap } from '../write/bounded-map.ts'

/** The object that it happened to. */
export interface ObjectReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
}

export interface Happening {
  readonly regarding: ObjectReference
  readonly type: 'Normal' | 'Warning'
  /** A word for why: `PlanRejected`. */
  readonly reason: string
  /** A word for what was done: `Reconciling`. */
  readonly action: string
  /** For people. */
  readonly note: string
}

export interface Series {
  readonly count: number
  /** Milliseconds since 1970. */
  readonly lastAt: number
}

/** One Event, with how often it has happened. */
export interface Occurrence {
  readonly happening: Happening
  readonly note: string
  /** From the second time on. */
  series: Series | undefined
  /** Of the Event, once it is there. */
  name: string | undefined
}

/** Decides which of what happens are one Event. */
export interface Correlator {
  /** Undefined when this object has had its share. */
  readonly add: (happening: Happening) => Occurrence | undefined
}

interface Group {
  readonly occurrences: Map<string, Occurrence>
  lastAt: number
}

interface Share {
  tokens: number
  filledAt: number
}

const rememberedGroups = 4_096
/** What did not happen for so long is news again. */
const groupMs = 600_000
/** More different words for one reason are told as one. */
const wordings = 10
const burst = 25
const refillMs = 300_000

export function openCorrelator(clock: Clock): Correlator {
  const groups = boundedMap<Group>(rememberedGroups)
  const shares = boundedMap<Share>(rememberedGroups)
  return {
    add: (happening) => {
      const { regarding, type, reason, action, note } = happening
      const object = [regarding.kind, regarding.namespace, regarding.name, regarding.uid].join('\n')
      if (!takesToken(shares, object, clock.elapsed())) return undefined
      const key = [object, type, reason, action].join('\n')
      const group = groupAt(groups.get(key), clock.elapsed())
      groups.set(key, group)
      const isOneOfMany = !group.occurrences.has(note) && group.occurrences.size >= wordings
      const wording = isOneOfMany ? '' : note
      const before = group.occurrences.get(wording)
      if (before !== undefined) {
        before.series = { count: (before.series?.count ?? 1) + 1, lastAt: clock.now() }
        return before
      }
      const told = isOneOfMany ? `(combined from similar events): ${note}` : note
      const occurrence: Occurrence = { happening, note: told, series: undefined, name: undefined }
      group.occurrences.set(wording, occurrence)
      return occurrence
    },
  }
}

function groupAt(group: Group | undefined, now: number): Group {
  const isOver = group === undefined || now - group.lastAt > groupMs
  const present = isOver ? { occurrences: new Map<string, Occurrence>(), lastAt: now } : group
  present.lastAt = now
  return present
}

function takesToken(
  shares: { get: (key: string) => Share | undefined; set: (key: string, share: Share) => void },
  object: string,
  now: number,
): boolean {
  const share = shares.get(object) ?? { tokens: burst, filledAt: now }
  const gained = Math.floor((now - share.filledAt) / refillMs)
  share.tokens = Math.min(burst, share.tokens + gained)
  share.filledAt += gained * refillMs
  shares.set(object, share)
  if (share.tokens === 0) return false
  share.tokens -= 1
  return true
}
