import { describe, expect, it } from 'vitest'
import { conditionsOf, toConditions, type WantedCondition } from './conditions.ts'

const ready: WantedCondition = { type: 'Ready', status: 'True', reason: 'AllWell', message: '', observedGeneration: 2 }
const before = { ...ready, lastTransitionTime: '2020-01-01T00:00:00Z' }
const now = Date.UTC(2030, 0, 2, 3, 4, 5, 678)

describe('conditions', () => {
  it('keep the time of their last change of status', () => {
    const [same] = toConditions([before], [{ ...ready, reason: 'Other', message: 'new' }], now)
    expect(same).toEqual({ ...before, reason: 'Other', message: 'new' })
    const [changed] = toConditions([before], [{ ...ready, status: 'False' }], now)
    expect(changed?.lastTransitionTime).toBe('2030-01-02T03:04:05Z')
  })

  it('are those that are wanted, in their order', () => {
    const wanted = ['Stalled', 'Ready'].map((type) => ({ ...ready, type }))
    expect(toConditions([before, { ...before, type: 'Theirs' }], wanted, now).map(({ type }) => type)).toEqual([
      'Stalled',
      'Ready',
    ])
  })

  it.each(['', 'has space', '1Digit', 'Ends:', 'x'.repeat(1_025), 'ümlaut'])('refuse the reason %j', (reason) => {
    expect(() => toConditions([], [{ ...ready, reason }], now)).toThrow(RangeError)
  })

  it('cut a message at the server’s limit, between characters', () => {
    const message = (text: string): string => toConditions([], [{ ...ready, message: text }], now)[0]?.message ?? ''
    expect(message('x'.repeat(32_768))).toHaveLength(32_768)
    for (const text of ['x'.repeat(40_000), '😀'.repeat(20_000), `x${'😀'.repeat(20_000)}`]) {
      const short = message(text)
      expect(short.length).toBeLessThanOrEqual(32_768)
      expect(short.length).toBeGreaterThan(32_760)
      expect(short.isWellFormed()).toBe(true)
    }
  })

  it('are read from whatever an object has', () => {
    expect(conditionsOf({ status: { conditions: [before] } })).toEqual([before])
    for (const object of [{}, { status: null }, { status: { conditions: 'none' } }])
      expect(conditionsOf(object)).toEqual([])
  })
})
