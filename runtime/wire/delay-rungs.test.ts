import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayMs, waitHop, rungFor, rungs, waitHops, waitSlackMs } from './delay-rungs.ts'

const sum = (list: readonly number[]) => list.reduce((total, one) => total + one, 0)

describe('rungs', () => {
  it('go from 0.1 s to a day, ten a decade, each at most 1.28 times the one below', () => {
    expect(rungs).toHaveLength(61)
    expect(rungs.slice(0, 12)).toEqual([100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250])
    expect(rungs.at(-2)).toBe(80_000_000)
    expect(rungs.at(-1)).toBe(dayMs)
    for (const [at, rung] of rungs.entries()) expect(rung / (rungs[at - 1] ?? rung)).toBeLessThanOrEqual(1.28)
  })
})

describe('rungFor', () => {
  it.each([
    { delayMs: -5, want: 100 },
    { delayMs: 0, want: 100 },
    { delayMs: 100, want: 100 },
    { delayMs: 100.1, want: 125 },
    { delayMs: 1000, want: 1000 },
    { delayMs: 1001, want: 1250 },
    { delayMs: 300_000, want: 315_000 },
    { delayMs: 80_000_001, want: dayMs },
    { delayMs: dayMs, want: dayMs },
    { delayMs: 90 * dayMs, want: dayMs },
    { delayMs: Number.POSITIVE_INFINITY, want: dayMs },
  ])('$delayMs ms is parked for $want', ({ delayMs, want }) => {
    expect(rungFor(delayMs)).toBe(want)
  })

  it('is the least rung that is not below', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: dayMs }), (delayMs) => {
        expect(rungFor(delayMs)).toBe(rungs.find((rung) => rung >= delayMs))
      }),
    )
  })
})

describe('waitHops', () => {
  it.each([
    { delayMs: 0, want: { days: 0, rungs: [] } },
    { delayMs: -1, want: { days: 0, rungs: [] } },
    { delayMs: Number.NaN, want: { days: 0, rungs: [] } },
    { delayMs: 1, want: { days: 0, rungs: [100] } },
    { delayMs: 5000, want: { days: 0, rungs: [5000] } },
    { delayMs: 7000, want: { days: 0, rungs: [6300, 800] } },
    { delayMs: 60_000, want: { days: 0, rungs: [50_000, 10_000] } },
    { delayMs: dayMs, want: { days: 0, rungs: [dayMs] } },
    { delayMs: dayMs + 1, want: { days: 1, rungs: [100] } },
    { delayMs: 3 * dayMs, want: { days: 2, rungs: [dayMs] } },
  ])('of $delayMs ms', ({ delayMs, want }) => {
    expect(waitHops(delayMs)).toEqual(want)
  })

  const spread = fc.oneof(
    fc.integer({ min: 1, max: 20_000 }),
    fc.integer({ min: 1, max: dayMs }),
    fc.double({ min: 0, max: Math.log(400 * dayMs), noNaN: true }).map((exponent) => Math.exp(exponent)),
  )

  it('never ends early, and at most 100 ms or 1 % late, after at most three rungs below the days', () => {
    fc.assert(
      fc.property(spread, (delayMs) => {
        const hops = waitHops(delayMs)
        const total = hops.days * dayMs + sum(hops.rungs)
        expect(hops.rungs.length).toBeLessThanOrEqual(3)
        for (const rung of hops.rungs) expect(rungs).toContain(rung)
        expect(total).toBeGreaterThanOrEqual(delayMs)
        expect(total - delayMs).toBeLessThanOrEqual(waitSlackMs(delayMs))
      }),
      { numRuns: 20_000 },
    )
  })

  it('holds for every second of a day', () => {
    const late: number[] = []
    for (let delayMs = 1000; delayMs <= dayMs; delayMs += 1000) {
      const total = sum(waitHops(delayMs).rungs)
      if (total < delayMs || total - delayMs > waitSlackMs(delayMs)) late.push(delayMs)
    }
    expect(late).toEqual([])
  })

  it('ends, never early, even when asked for more precision than there is', () => {
    fc.assert(
      fc.property(spread, (delayMs) => {
        const hops = waitHops(delayMs, 0)
        expect(hops.rungs.length).toBeLessThanOrEqual(3)
        expect(hops.days * dayMs + sum(hops.rungs)).toBeGreaterThanOrEqual(delayMs)
      }),
    )
  })
})

describe('waitHop', () => {
  it('reaches the end in the hops that waitHops counts, or sooner, when every hop takes a little longer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20_000, max: 5 * dayMs }), fc.integer({ min: 0, max: 20 }), (delayMs, lagMs) => {
        const slackMs = waitSlackMs(delayMs)
        let leftMs = delayMs
        let hops = 0
        for (; leftMs > 0; hops += 1) leftMs -= waitHop(leftMs, slackMs) + lagMs
        expect(hops).toBeLessThanOrEqual(Math.ceil(delayMs / dayMs) - 1 + 4)
        expect(-leftMs).toBeLessThanOrEqual(slackMs + 4 * lagMs + 5 * 20)
      }),
    )
  })

  it.each([
    { remainingMs: 0, want: 0 },
    { remainingMs: 40 * dayMs, want: dayMs },
    { remainingMs: 2000, want: 2000 },
  ])('of $remainingMs ms is $want', ({ remainingMs, want }) => {
    expect(waitHop(remainingMs, 100)).toBe(want)
  })
})
