import { describe, expect, it } from 'vitest'
import { openReadAhead } from './read-ahead.ts'

/** Works through messages at a rate, all that may be held at once; gives the numbers that it was told. */
function workedThrough(phases: readonly { readonly perSecond: number; readonly forMs: number }[]): number[] {
  const readAhead = openReadAhead(() => 4)
  const told: number[] = []
  let nowMs = 0
  let underWay = 0
  for (const { perSecond, forMs } of phases) {
    const everyMs = 1000 / perSecond
    for (const until = nowMs + forMs; nowMs < until; nowMs += everyMs) {
      for (; underWay < readAhead.current(); underWay += 1) readAhead.onBegin(nowMs)
      const next = readAhead.onEnd(nowMs)
      underWay -= 1
      if (next !== undefined) told.push(next)
    }
  }
  return told
}

describe('read-ahead', () => {
  it('grows at once and in doubles', () => {
    expect(workedThrough([{ perSecond: 2000, forMs: 3000 }])).toEqual([12, 24, 48, 96, 192, 200])
  })

  it('is not lowered by a moment that is slow', () => {
    const fast = { perSecond: 2000, forMs: 3000 }
    expect(workedThrough([fast, { perSecond: 20, forMs: 1500 }, fast])).toEqual([12, 24, 48, 96, 192, 200])
  })

  it('is lowered, a half at a time, by a step that stays slow', () => {
    const told = workedThrough([
      { perSecond: 2000, forMs: 3000 },
      { perSecond: 20, forMs: 20_000 },
    ])
    expect(told.slice(6)).toEqual([100, 50, 25])
  })

  it('is one where there was no place, and what it was when there is', () => {
    const readAhead = openReadAhead(() => 4)
    readAhead.onBegin(0)
    expect([readAhead.onNoPlace(), readAhead.onNoPlace()]).toEqual([1, undefined])
    expect(readAhead.onEnd(300)).toBe(6)
  })

  it('learns nothing from an empty queue', () => {
    const readAhead = openReadAhead(() => 32)
    for (let at = 0; at < 100; at += 1) {
      readAhead.onBegin(at * 60_000)
      expect(readAhead.onEnd(at * 60_000 + 5)).toBe(undefined)
    }
    expect(readAhead.current()).toBe(48)
  })
})
