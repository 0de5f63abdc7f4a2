import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ReadAheadWindow } from './read-ahead.ts'
import { decideReadAhead, firstReadAhead, mostReadAhead } from './read-ahead.ts'

const full = (current: number, rest: Partial<ReadAheadWindow>): ReadAheadWindow => ({
  current,
  held: current,
  concurrency: 1,
  ended: 0,
  windowMs: 1000,
  ...rest,
})

describe('decideReadAhead', () => {
  it.each([
    { name: 'stays while nothing ends', seen: full(2, { ended: 0 }), want: 2 },
    { name: 'doubles for a fast step', seen: full(2, { ended: 1000 }), want: 4 },
    { name: 'doubles up to what is wanted', seen: full(32, { ended: 200 }), want: 41 },
    { name: 'ends at 200', seen: full(128, { ended: 50_000 }), want: 200 },
    {
      name: 'stays where all that is held was never needed',
      seen: { ...full(64, { ended: 5000 }), held: 3 },
      want: 64,
    },
    { name: 'stays between a quarter and the whole', seen: full(64, { ended: 100 }), want: 64 },
    { name: 'halves where a quarter would do', seen: full(200, { ended: 50 }), want: 100 },
    { name: 'never goes below the concurrency and a half', seen: full(400, { concurrency: 32, ended: 40 }), want: 200 },
    { name: 'holds one in hand for a slow step', seen: full(2, { ended: 1, windowMs: 40_000 }), want: 2 },
    {
      name: 'holds no more than a minute of work',
      seen: full(48, { concurrency: 32, ended: 1, windowMs: 30_000 }),
      want: 34,
    },
    {
      name: 'comes back at once from the one of a runner without a place',
      seen: full(1, { concurrency: 32, ended: 5 }),
      want: 48,
    },
    { name: 'grows for built-ins as well', seen: full(100, { concurrency: undefined, ended: 2000 }), want: 200 },
    { name: 'is 200 for the most concurrent', seen: full(200, { concurrency: 1000, ended: 2000 }), want: 200 },
  ])('$name', ({ seen, want }) => {
    expect(decideReadAhead(seen)).toBe(want)
  })

  it('always keeps the step busy and its bounds, whatever it has seen', () => {
    const seen = fc.record({
      current: fc.integer({ min: 1, max: mostReadAhead }),
      held: fc.integer({ min: 0, max: 400 }),
      concurrency: fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined }),
      ended: fc.integer({ min: 0, max: 100_000 }),
      windowMs: fc.integer({ min: 0, max: 10_000_000 }),
    })
    fc.assert(
      fc.property(seen, (window) => {
        const next = decideReadAhead(window)
        expect(next).toBeGreaterThanOrEqual(1)
        expect(next).toBeLessThanOrEqual(mostReadAhead)
        if (next !== window.current) expect(next).toBeGreaterThan(Math.min(window.concurrency ?? 0, mostReadAhead - 1))
      }),
      { numRuns: 2000 },
    )
  })

  it('comes to rest: the same rate gives the same number for ever after', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 64 }), (ended, concurrency) => {
        let current = firstReadAhead(concurrency)
        const step = (): number => decideReadAhead({ current, held: current, concurrency, ended, windowMs: 1000 })
        for (let times = 0; times < 10; times += 1) current = step()
        expect(step()).toBe(current)
      }),
    )
  })
})

describe('firstReadAhead', () => {
  it.each([
    { name: 'one in hand for a step of one at a time', concurrency: 1, want: 2 },
    { name: 'half again of what runs', concurrency: 32, want: 48 },
    { name: 'never above 200', concurrency: 200, want: 200 },
    { name: 'a hundred where nothing bounds them', concurrency: undefined, want: 100 },
  ])('is $name', ({ concurrency, want }) => {
    expect(firstReadAhead(concurrency)).toBe(want)
  })
})
