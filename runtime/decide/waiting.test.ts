import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayMs, rungs } from '../wire/delay-rungs.ts'
import { decideNotBefore, decideRetryPark, waitUntil } from './waiting.ts'

const now = 1_800_000_000_000

describe('decideNotBefore', () => {
  it.each([
    { name: 'works on a message that waits for nothing', headers: {}, want: { kind: 'ready' } },
    { name: 'works on one whose time has come', headers: { notBefore: now }, want: { kind: 'ready' } },
    { name: 'works on one whose time is past', headers: { notBefore: now - dayMs }, want: { kind: 'ready' } },
    { name: 'parks one that is early', headers: { notBefore: now + 2000 }, want: { kind: 'park', delayMs: 2000 } },
    {
      name: 'parks one that is early by a blink',
      headers: { notBefore: now + 1 },
      want: { kind: 'park', delayMs: 100 },
    },
    { name: 'takes the longest rung first', headers: { notBefore: now + 7000 }, want: { kind: 'park', delayMs: 6300 } },
    {
      name: 'takes one rung where the slack allows',
      headers: { notBefore: now + 7000, notAfter: now + 8000 },
      want: { kind: 'park', delayMs: 8000 },
    },
    { name: 'repeats the day', headers: { notBefore: now + 9 * dayMs }, want: { kind: 'park', delayMs: dayMs } },
    {
      name: 'parks one for as long as its whole wait can be where the clock was set back',
      headers: { notBefore: now + 3_600_000, notAfter: now + 3_600_100 },
      want: { kind: 'park', delayMs: 10_000 },
    },
    { name: 'does not wait for what is no instant', headers: { notBefore: Number.NaN }, want: { kind: 'ready' } },
  ])('$name', ({ headers, want }) => {
    expect(decideNotBefore(headers, now)).toEqual(want)
  })

  it('ends every wait in time: never early, late by 1 % or 100 ms, in three hops beside the days', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 * dayMs }), (delayMs) => {
        const headers = waitUntil(now + delayMs, now)
        let at = now
        let hops = 0
        for (let next = decideNotBefore(headers, at); next.kind === 'park'; next = decideNotBefore(headers, at)) {
          expect(rungs).toContain(next.delayMs)
          at += next.delayMs
          hops += 1
        }
        expect(at).toBeGreaterThanOrEqual(headers.notBefore)
        expect(at).toBeLessThanOrEqual(headers.notAfter)
        expect(hops).toBeLessThanOrEqual(Math.ceil(delayMs / dayMs) - 1 + 3)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('decideRetryPark', () => {
  it.each([
    { name: 'takes one rung, rounded up', delayMs: 300_000, want: { delayMs: 315_000 } },
    { name: 'takes the shortest for the shortest delay', delayMs: 100, want: { delayMs: 100 } },
    { name: 'reaches a day in one', delayMs: dayMs, want: { delayMs: dayMs } },
    {
      name: 'goes beyond a day by an instant',
      delayMs: 3 * dayMs,
      want: { delayMs: dayMs, notBefore: now + 3 * dayMs, notAfter: now + 3.03 * dayMs },
    },
  ])('$name', ({ delayMs, want }) => {
    expect(decideRetryPark(delayMs, now)).toEqual(want)
  })
})
