import { describe, expect, it } from 'vitest'
import { jitterMs } from './jitter.ts'

const key = { flow: 'uid', trigger: 'nightly', at: 0 }

describe('jitterMs', () => {
  it('is the same for the same fire', () => {
    expect(jitterMs(key, 30_000)).toBe(jitterMs({ ...key }, 30_000))
  })

  it('spreads different fires over the whole time, and never beyond', () => {
    const values = Array.from({ length: 1000 }, (_, at) => jitterMs({ ...key, at }, 10_000))
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...values)).toBeLessThan(10_000)
    expect(Math.min(...values)).toBeLessThan(500)
    expect(Math.max(...values)).toBeGreaterThan(9500)
  })

  it('is none where none is asked for', () => {
    expect(jitterMs(key, 0)).toBe(0)
  })
})
