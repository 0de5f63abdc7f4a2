import { describe, expect, it } from 'vitest'
import { openSlowHooks } from './slow-hooks.ts'

const tooSlow = { spentMs: 250, isTooSlow: true }
const slow = { spentMs: 200, isTooSlow: false }

describe('slow hooks', () => {
  it('wait twice as long after each timeout, five minutes at most', () => {
    const hooks = openSlowHooks()
    let now = 1_000_000
    const waits = Array.from({ length: 10 }, () => {
      hooks.took('a', tooSlow, now)
      const waitMs = hooks.waitOf('a', now) ?? 0
      now += waitMs
      expect(hooks.waitOf('a', now)).toBeUndefined()
      return waitMs / 1000
    })
    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
  })

  it('are like any other after a while', () => {
    const hooks = openSlowHooks()
    hooks.took('a', tooSlow, 0)
    hooks.took('a', tooSlow, 2_000)
    hooks.took('a', tooSlow, 700_000)
    expect(hooks.waitOf('a', 700_000)).toBe(2_000)
  })

  it('share a fifth of the time, and no other hook waits', () => {
    const hooks = openSlowHooks()
    let worked = 0
    for (let now = 0; now < 100_000; now += 100) {
      for (const hook of ['a', 'b', 'c']) {
        if (hooks.waitOf(hook, now) !== undefined) continue
        hooks.took(hook, slow, now)
        worked += slow.spentMs
      }
    }
    expect(worked).toBeGreaterThan(20_000)
    expect(worked).toBeLessThan(30_000)
    expect(hooks.waitOf('other', 100_000)).toBeUndefined()
  })

  it('are none that take a moment, however often', () => {
    const hooks = openSlowHooks()
    for (let now = 0; now < 10_000; now += 1) hooks.took('a', { spentMs: 5, isTooSlow: false }, now)
    expect(hooks.waitOf('a', 10_000)).toBeUndefined()
  })
})
