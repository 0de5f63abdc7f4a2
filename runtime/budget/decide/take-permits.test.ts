import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BudgetUse, PermitAsk } from './take-permits.ts'
import { pausePermits, takePermits } from './take-permits.ts'

const now = 1_000_000
/** Ten a second, three at once, a tenth of a second ahead. */
const ask: PermitAsk = { intervalMs: 100, burst: 3, wanted: 1, spare: 0, aheadMs: 100 }
const used = (freeAt: number): BudgetUse => ({ freeAt, pausedAt: 0, pausedMs: 0 })

describe('takePermits', () => {
  it.each([
    { name: 'gives the first at once', use: undefined, ask, want: { count: 1, firstInMs: -200 }, freeAt: now - 100 },
    {
      name: 'gives no more at once than the burst and what comes soon',
      use: undefined,
      ask: { ...ask, wanted: 9 },
      want: { count: 4, firstInMs: -200 },
      freeAt: now + 200,
    },
    {
      name: 'gives what is wanted of what was saved up',
      use: used(0),
      ask: { ...ask, wanted: 2 },
      want: { count: 2, firstInMs: -200 },
      freeAt: now,
    },
    {
      name: 'gives one that is to come, with its time',
      use: used(now + 60),
      ask,
      want: { count: 1, firstInMs: 60 },
      freeAt: now + 160,
    },
    {
      name: 'says when to ask again for one that is too far away',
      use: used(now + 150),
      ask,
      want: { againMs: 50 },
      freeAt: now + 150,
    },
    {
      name: 'gives spare ones of what is there',
      use: undefined,
      ask: { ...ask, spare: 5 },
      want: { count: 3, firstInMs: -200 },
      freeAt: now + 100,
    },
    {
      name: 'gives none to spare of what is to come',
      use: used(now + 10),
      ask: { ...ask, spare: 5 },
      want: { count: 1, firstInMs: 10 },
      freeAt: now + 110,
    },
    {
      name: 'takes up a larger budget at once',
      use: used(now + 3_600_000),
      ask,
      want: { againMs: 100 },
      freeAt: now + 200,
    },
    {
      name: 'gives all of a large budget that are wanted',
      use: used(now),
      ask: { intervalMs: 1, burst: 1, wanted: 80, spare: 0, aheadMs: 100 },
      want: { count: 80, firstInMs: 0 },
      freeAt: now + 80,
    },
    {
      name: 'gives nothing to who wants nothing',
      use: undefined,
      ask: { ...ask, wanted: 0 },
      want: { againMs: 0 },
      freeAt: undefined,
    },
  ])('$name', ({ use, ask: asked, want, freeAt }) => {
    const taken = takePermits(use, asked, now)
    expect(taken.answer).toMatchObject(want)
    if (freeAt !== undefined) expect(taken.use.freeAt).toBe(freeAt)
  })

  it('goes on an interval later after a budget was raised, or the clock set back by an hour', () => {
    expect(takePermits(used(now + 3_600_000), { ...ask, aheadMs: 0 }, now).answer).toEqual({
      kind: 'none',
      againMs: 100,
    })
    expect(takePermits(used(now + 3_600_000), { ...ask, intervalMs: 1 }, now).answer).toMatchObject({
      kind: 'none',
      againMs: 1,
    })
  })

  it.each([
    { name: 'nobody gets any', after: 0, want: { kind: 'none', againMs: 5000 } },
    { name: 'as long as it lasts', after: 4999, want: { kind: 'none', againMs: 1 } },
    { name: 'and all as before when it is over', after: 5000, want: { kind: 'taken', count: 1 } },
    { name: 'a clock that is set back ends it', after: -1, want: { kind: 'taken', count: 1 } },
  ])('in a pause: $name', ({ after, want }) => {
    expect(takePermits(pausePermits(undefined, 5000, now), ask, now + after).answer).toMatchObject(want)
  })

  it('keeps the longer of two pauses', () => {
    const long = pausePermits(undefined, 5000, now)
    expect(pausePermits(long, 1000, now + 1000)).toBe(long)
    expect(takePermits(pausePermits(long, 5000, now + 1000), ask, now + 5500).answer).toEqual({
      kind: 'none',
      againMs: 500,
    })
  })

  it('gives in any time no more than the burst and what comes in that time, whoever asks', () => {
    const asks = fc.array(
      fc.record({
        afterMs: fc.integer({ min: 0, max: 400 }),
        wanted: fc.integer({ min: 0, max: 30 }),
        spare: fc.integer({ min: 0, max: 5 }),
      }),
      { minLength: 1, maxLength: 60 },
    )
    const budget = fc.record({
      intervalMs: fc.integer({ min: 1, max: 300 }),
      burst: fc.integer({ min: 1, max: 20 }),
      aheadMs: fc.integer({ min: 10, max: 500 }),
    })
    fc.assert(
      fc.property(budget, asks, (terms, given) => {
        const permits: number[] = []
        let use: BudgetUse | undefined
        let at = now
        for (const { afterMs, ...wish } of given) {
          at += afterMs
          const taken = takePermits(use, { ...terms, ...wish }, at)
          use = taken.use
          if (taken.answer.kind === 'none') continue
          for (let nth = 0; nth < taken.answer.count; nth += 1) {
            // One of the past is used now.
            permits.push(Math.max(at, at + taken.answer.firstInMs + nth * terms.intervalMs))
          }
        }
        expect(mostBeyond(permits, terms)).toBeLessThanOrEqual(0)
      }),
    )
  })
})

/** By how many permits any span has more than it may. */
function mostBeyond(
  permits: readonly number[],
  { burst, intervalMs }: Pick<PermitAsk, 'burst' | 'intervalMs'>,
): number {
  let most = Number.NEGATIVE_INFINITY
  for (const [first, from] of permits.entries()) {
    for (let last = first; last < permits.length; last += 1) {
      const spanMs = (permits[last] ?? 0) - from
      most = Math.max(most, last - first + 1 - burst - Math.floor(spanMs / intervalMs + 1e-9))
    }
  }
  return most
}
