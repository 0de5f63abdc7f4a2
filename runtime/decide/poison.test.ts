import { describe, expect, it } from 'vitest'
import { isSuspicious, judgeTrials } from './poison.ts'

describe('isSuspicious', () => {
  it.each([
    { deliveryCount: 0, want: false },
    { deliveryCount: 2, want: false },
    { deliveryCount: 3, want: true },
    { deliveryCount: 200, want: true },
  ])('is $want after $deliveryCount deliveries', ({ deliveryCount, want }) => {
    expect(isSuspicious({ deliveryCount })).toBe(want)
  })
})

describe('judgeTrials', () => {
  it.each([
    { trials: 1, want: 'run' },
    { trials: 3, want: 'run' },
    { trials: 4, want: 'poison' },
  ])('says $want at trial $trials', ({ trials, want }) => {
    expect(judgeTrials(trials)).toBe(want)
  })
})
