import type { Grant } from './plan-grant.ts'
import type { Claim, TokenState } from './token-state.ts'

/** What is known when it is to be decided whether somebody must call the token endpoint. */
export interface RenewalSight {
  readonly grant: Grant
  readonly token: TokenState
  /** Of another process, or of one that ended: not one of our own that has come to an end. */
  readonly claim: Claim | undefined
  /** For how long this process has seen that claim; by its own clock, since clocks differ. */
  readonly claimSeenMs: number
  /** A claim that is older is of one that died. */
  readonly claimMs: number
  /** After a failure of this grant: until the next try. */
  readonly pauseMs: number
  /** Milliseconds since 1970. */
  readonly now: number
  /** From 0 up to 1, the same each time: so that not all are renewed together. */
  readonly spread: number
}

export type Renewal =
  | { readonly kind: 'rest'; readonly forMs: number }
  | { readonly kind: 'pause'; readonly forMs: number }
  /** Somebody else is at it. */
  | { readonly kind: 'othersTurn'; readonly forMs: number }
  | { readonly kind: 'call'; readonly isSecondTry: boolean }
  /** Two calls were not finished: what is kept may have been replaced by what nobody has. */
  | { readonly kind: 'giveUp' }
  | { readonly kind: 'consent'; readonly code: string }

/** Whether a token is to be renewed now, and by whom. */
export function decideRenewal(sight: RenewalSight): Renewal {
  const { grant, token, claim, now, spread } = sight
  const { refused } = token.note
  if (refused?.grant === grant.id) return { kind: 'consent', code: refused.code }
  const restMs = token.note.grant === grant.id ? restMsOf(token, now, spread) : 0
  if (restMs > 0) return { kind: 'rest', forMs: restMs }
  const othersMs = claim === undefined ? 0 : sight.claimMs - sight.claimSeenMs
  if (othersMs > 0) return { kind: 'othersTurn', forMs: othersMs }
  if (sight.pauseMs > 0) return { kind: 'pause', forMs: sight.pauseMs }
  return takeTurn(grant, claim)
}

function takeTurn(grant: Grant, claim: Claim | undefined): Renewal {
  // Of the other grants a call leaves nothing behind that the next one would miss.
  const isUnfinished = grant.kind === 'refreshToken' && claim?.grant === grant.id
  return isUnfinished && claim.isSecondTry ? { kind: 'giveUp' } : { kind: 'call', isSecondTry: isUnfinished }
}

/** Where a server does not say how long. */
const assumedLifeMs = 3_600_000
const shortestRestMs = 10_000
const renewBeforeMs = 60_000
const tolerableSkewMs = 60_000

/**
 * How long a token may be left alone: four fifths of its life (a twentieth less for some) but not its last minute; of one that lives for less than
 * two minutes, half of it.
 */
export function restMsOf({ note: { obtainedAt }, expiresAt }: TokenState, now: number, spread: number): number {
  if (obtainedAt === undefined) return 0
  // The clock was put back: what is written with it says nothing now.
  if (obtainedAt - now > tolerableSkewMs) return 0
  const lifeMs = expiresAt === undefined ? assumedLifeMs : expiresAt - obtainedAt
  const untilMs = Math.max(lifeMs / 2, Math.min(lifeMs * (0.8 - spread * 0.05), lifeMs - renewBeforeMs))
  return Math.max(0, obtainedAt + Math.max(untilMs, shortestRestMs) - now)
}

const firstPauseMs = 30_000
const longestPauseMs = 3_600_000

/**
 * How long to wait after so many failures in a row: 30 s, doubled up to an hour, up to a quarter less; longer when the server wants it.
 *
 * @param failures 1 after the first
 * @param random from 0 up to 1
 */
export function pauseMsAfter(failures: number, retryAfterMs: number | undefined, random: number): number {
  const bound = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1))
  return Math.max(bound * (1 - random / 4), retryAfterMs ?? 0)
}
