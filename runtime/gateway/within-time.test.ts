import { describe, expect, it } from 'vitest'
import { withinTime } from './within-time.ts'

const busy = (ms: number): void => {
  for (const until = performance.now() + ms; performance.now() < until;);
}

describe('withinTime', () => {
  it('gives what the task gives, and throws what it throws', () => {
    expect(withinTime(10_000, () => ({ a: 1 }))).toEqual({ kind: 'done', value: { a: 1 } })
    expect(withinTime(10_000, () => undefined)).toEqual({ kind: 'done', value: undefined })
    const mistake = new RangeError('no')
    expect(() =>
      withinTime(10_000, () => {
        throw mistake
      }),
    ).toThrow(mistake)
  })

  it('ends what takes longer, and can be used again', () => {
    let isEnded = true
    const ended = withinTime(20, () => {
      busy(3_000)
      isEnded = false
    })
    expect([ended, isEnded]).toEqual([{ kind: 'tooSlow' }, true])
    expect(withinTime(10_000, () => 1)).toEqual({ kind: 'done', value: 1 })
  })
})
