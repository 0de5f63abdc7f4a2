import { expect } from 'vitest'
import type { ClaimOwner } from '../claim-rule.ts'
import type { StorePromise } from './store-promise.ts'
import { race } from './store-promise.ts'

const first: ClaimOwner = { replay: 0, attempt: 1, copy: 'a' }
const windowMs = 1000

function at(nowMs: number) {
  return { nowMs, windowMs }
}

export const claimPromises: readonly StorePromise[] = [
  {
    name: 'claims: the first one has it, everybody else and it itself hear who has',
    check: async ({ store, other, flow }) => {
      expect(await store.claims.take(flow, first, at(5000))).toEqual({ kind: 'taken' })
      const held = { kind: 'held', claim: { ...first, state: 'started', claimedAt: 5000 } }
      expect(await other.claims.take(flow, { ...first, copy: 'b' }, at(5001))).toEqual(held)
      expect(await other.claims.take(flow, first, at(9999))).toEqual(held)
      expect(await other.claims.take(`${flow}-2`, { ...first, copy: 'b' }, at(5001))).toEqual({ kind: 'taken' })
      await store.claims.done(flow, first, 5500)
      expect(await other.claims.take(flow, first, at(5501))).toEqual({
        kind: 'held',
        claim: { ...first, state: 'done', claimedAt: 5000, doneAt: 5500 },
      })
    },
  },
  {
    name: 'claims: of many that take the same one at once one succeeds, and the others hear of that one',
    check: async (bench) => {
      const taken = await race(bench, 10, (store, copy) =>
        store.claims.take(bench.flow, { ...first, copy: `copy-${copy}` }, at(5000)),
      )
      const winners = taken.flatMap(({ kind }, copy) => (kind === 'taken' ? [`copy-${copy}`] : []))
      expect(winners).toHaveLength(1)
      const holders = taken.flatMap((outcome) => (outcome.kind === 'held' ? [outcome.claim.copy] : []))
      expect(new Set(holders)).toEqual(new Set(winners))
    },
  },
  {
    name: 'claims: a higher replay takes over, done or not, and so does a higher attempt of the same copy; a lower one does not',
    check: async ({ store, flow }) => {
      const take = async (owner: ClaimOwner): Promise<string> => (await store.claims.take(flow, owner, at(5000))).kind
      expect(await take({ replay: 0, attempt: 2, copy: 'a' })).toBe('taken')
      expect(await take({ replay: 0, attempt: 1, copy: 'a' })).toBe('held')
      expect(await take({ replay: 0, attempt: 3, copy: 'a' })).toBe('taken')
      expect(await take({ replay: 1, attempt: 1, copy: 'a' })).toBe('taken')
      expect(await take({ replay: 0, attempt: 9, copy: 'a' })).toBe('held')
      await store.claims.done(flow, { replay: 1, attempt: 1, copy: 'a' }, 5000)
      expect(await take({ replay: 2, attempt: 1, copy: 'b' })).toBe('taken')
    },
  },
  {
    name: "claims: the attempts of another copy say nothing, or a duplicate's retry would have the effect again",
    check: async ({ store, flow }) => {
      await store.claims.take(flow, first, at(5000))
      const retried = { replay: 0, attempt: 2, copy: 'b' }
      expect(await store.claims.take(flow, retried, at(5001))).toMatchObject({ kind: 'held', claim: first })
      await store.claims.done(flow, first, 5002)
      expect(await store.claims.take(flow, retried, at(5003))).toMatchObject({ kind: 'held', claim: first })
    },
  },
  {
    name: 'claims: the window counts from the end; what is under way does not expire',
    check: async ({ store, other, flow }) => {
      const later = { ...first, copy: 'b' }
      await store.claims.take(flow, first, at(1000))
      expect(await other.claims.take(flow, later, at(1000 + 10 * windowMs))).toMatchObject({ kind: 'held' })
      await store.claims.done(flow, first, 20_000)
      await store.claims.done(flow, first, 29_000)
      expect(await other.claims.take(flow, later, at(20_000 + windowMs - 1))).toMatchObject({ kind: 'held' })
      expect(await other.claims.take(flow, later, at(20_000 + windowMs))).toEqual({ kind: 'taken' })
      expect(await store.claims.take(flow, first, at(20_000 + windowMs))).toMatchObject({ kind: 'held', claim: later })
    },
  },
  {
    name: 'claims: a window that was shortened holds from then on',
    check: async ({ store, other, flow }) => {
      const later = { ...first, copy: 'b' }
      await store.claims.take(flow, first, at(1000))
      await store.claims.done(flow, first, 2000)
      expect(await other.claims.take(flow, later, { nowMs: 2009, windowMs: 10 })).toMatchObject({ kind: 'held' })
      expect(await other.claims.take(flow, later, { nowMs: 2010, windowMs: 10 })).toEqual({ kind: 'taken' })
    },
  },
  {
    name: 'claims: who was taken over can neither finish nor release',
    check: async ({ store, other, flow }) => {
      const second = { ...first, attempt: 2 }
      await store.claims.take(flow, first, at(1000))
      await other.claims.take(flow, second, at(1001))
      await store.claims.done(flow, first, 1002)
      await store.claims.release(flow, first)
      const held = await store.claims.take(flow, second, at(1003))
      expect(held).toEqual({ kind: 'held', claim: { ...second, state: 'started', claimedAt: 1001 } })
    },
  },
  {
    name: 'claims: what is released is free, what is done cannot be released',
    check: async ({ store, other, flow }) => {
      await store.claims.take(flow, first, at(1000))
      await store.claims.release(flow, first)
      await store.claims.release(flow, first)
      const later = { ...first, copy: 'b' }
      expect(await other.claims.take(flow, later, at(1001))).toEqual({ kind: 'taken' })
      await other.claims.done(flow, later, 1002)
      await other.claims.release(flow, later)
      expect(await store.claims.take(flow, first, at(1003))).toMatchObject({ kind: 'held', claim: later })
    },
  },
]
