import { binaryHeap } from '../binary-heap.ts'
import { isFree, isHeldBy } from './claim-rule.ts'
import type { Work } from './memory-store.ts'
import type { Claim, ClaimStore } from './store.ts'

interface HeldClaim {
  readonly claim: Claim
  readonly windowMs: number
}

export function memoryClaims(work: Work): ClaimStore {
  const held = new Map<string, HeldClaim>()
  const expiries = binaryHeap<{ readonly key: string; readonly claim: Claim; readonly at: number }>(
    (left, right) => left.at < right.at,
  )
  const forgetExpired = (nowMs: number): void => {
    for (let next = expiries.peek(); next && next.at <= nowMs; next = expiries.peek()) {
      expiries.pop()
      if (held.get(next.key)?.claim === next.claim) held.delete(next.key)
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
        return { kind: 'taken' }
      }),
    done: (key, owner, nowMs) =>
      work(() => {
        const holder = held.get(key)
        if (holder === undefined || !isHeldBy(holder.claim, owner) || holder.claim.state === 'done') return
        const claim = { ...holder.claim, state: 'done', doneAt: nowMs } as const
        held.set(key, { claim, windowMs: holder.windowMs })
        expiries.push({ key, claim, at: nowMs + holder.windowMs })
      }),
    release: (key, owner) =>
      work(() => {
        const claim = held.get(key)?.claim
        if (claim?.state === 'started' && isHeldBy(claim, owner)) held.delete(key)
      }),
  }
}
