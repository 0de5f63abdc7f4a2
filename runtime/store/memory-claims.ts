import { binaryHeap } from '../binary-heap.ts'
import { isFree, isHeldBy } from './claim-rule.ts'
import type { Work } from './memory-store.ts'
import type { Retention } from './retention.ts'
import type { Claim, ClaimStore } from './store.ts'

interface HeldClaim {
  readonly claim: Claim
  readonly windowMs: number
}

export function memoryClaims(work: Work, { claimsMs }: Retention): ClaimStore {
  const held = new Map<string, HeldClaim>()
  /** The one taken last comes last. */
  const started = new Map<string, Claim>()
  const expiries = binaryHeap<{ readonly key: string; readonly claim: Claim; readonly at: number }>(
    (left, right) => left.at < right.at,
  )
  const forgetExpired = (nowMs: number): void => {
    for (let next = expiries.peek(); next && next.at <= nowMs; next = expiries.peek()) {
      expiries.pop()
      if (held.get(next.key)?.claim === next.claim) held.delete(next.key)
    }
    for (const [key, claim] of started) {
      if (claim.claimedAt + claimsMs > nowMs) break
      started.delete(key)
      held.delete(key)
    }
  }
  return {
    take: (key, { replay, attempt, copy }, options) =>
      work(() => {
        forgetExpired(options.nowMs)
        const holder = held.get(key)?.claim
        if (holder !== undefined && !isFree(holder, { replay, attempt, copy }, options)) {
          return { kind: 'held', claim: holder }
        }
        const claim = { replay, attempt, copy, state: 'started', claimedAt: options.nowMs } as const
        held.set(key, { claim, windowMs: options.windowMs })
        started.delete(key)
        started.set(key, claim)
        return { kind: 'taken' }
      }),
    done: (key, owner, nowMs) =>
      work(() => {
        const holder = held.get(key)
        if (holder === undefined || !isHeldBy(holder.claim, owner) || holder.claim.state === 'done') return
        const claim = { ...holder.claim, state: 'done', doneAt: nowMs } as const
        held.set(key, { claim, windowMs: holder.windowMs })
        started.delete(key)
        expiries.push({ key, claim, at: nowMs + holder.windowMs })
      }),
    release: (key, owner) =>
      work(() => {
        const claim = held.get(key)?.claim
        if (claim?.state !== 'started' || !isHeldBy(claim, owner)) return
        held.delete(key)
        started.delete(key)
      }),
  }
}
