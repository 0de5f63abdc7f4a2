import { randomUUID } from 'node:crypto'
import type { Clock } from '../../kube/clock.ts'
import { pauseMsAfter } from './decide/decide-renewal.ts'
import type { Claim } from './decide/token-state.ts'

/** What one process remembers of a Credential's renewals; another one begins anew. */
export interface RenewalMemory {
  /** What this process's claims are made out to; a call that has ended is no claim any more. */
  readonly newClaim: (uid: string, grant: string, isSecondTry: boolean) => Claim
  /** How long the present claim has been seen; undefined when it is none of somebody else. */
  readonly claimSeenMs: (uid: string, claim: Claim | undefined) => number | undefined
  readonly failed: (
    uid: string,
    failure: { readonly grant: string; readonly message: string; readonly retryAfterMs: number | undefined },
  ) => Failure
  /** Of this very grant: a changed one is tried at once. */
  readonly failureOf: (uid: string, grant: string) => (Failure & { readonly pauseMs: number }) | undefined
  readonly succeeded: (uid: string) => void
  readonly forget: (uid: string) => void
}

export interface Failure {
  readonly message: string
  /** Milliseconds since 1970. */
  readonly nextTryAt: number
}

interface Remembered extends Failure {
  readonly grant: string
  readonly failures: number
  /** By the clock that nobody sets. */
  readonly pausedUntil: number
}

export function openRenewalMemory(clock: Clock, instance: string, random: () => number): RenewalMemory {
  const failures = new Map<string, Remembered>()
  const claims = new Map<string, { readonly by: string; readonly since: number }>()
  const own = new Map<string, string>()
  return {
    newClaim: (uid, grant, isSecondTry) => {
      const by = `${instance}/${randomUUID()}`
      own.set(uid, by)
      return { by, grant, isSecondTry }
    },
    claimSeenMs: (uid, claim) => {
      // Of one key there is one reconcile at a time: one of our own that is still there could not be taken off.
      if (claim === undefined || claim.by === own.get(uid)) return undefined
      const known = claims.get(uid)
      if (known?.by === claim.by) return clock.elapsed() - known.since
      claims.set(uid, { by: claim.by, since: clock.elapsed() })
      return 0
    },
    failed: (uid, { grant, message, retryAfterMs }) => {
      const last = failures.get(uid)
      const count = last?.grant === grant ? last.failures + 1 : 1
      const pauseMs = pauseMsAfter(count, retryAfterMs, random())
      const pausedUntil = clock.elapsed() + pauseMs
      const failure = { grant, message, failures: count, pausedUntil, nextTryAt: clock.now() + pauseMs }
      failures.set(uid, failure)
      return failure
    },
    failureOf: (uid, grant) => {
      const last = failures.get(uid)
      return last?.grant === grant ? { ...last, pauseMs: Math.max(0, last.pausedUntil - clock.elapsed()) } : undefined
    },
    succeeded: (uid) => {
      failures.delete(uid)
      claims.delete(uid)
    },
    forget: (uid) => {
      for (const map of [failures, claims, own]) map.delete(uid)
    },
  }
}
