import { describe, expect, it } from 'vitest'
import { waitsUntil } from './held-time.ts'

const minute = 60_000

describe('waitsUntil', () => {
  it.each([
    { name: 'nearly half an hour where no call comes', timeoutMs: 0, want: 29 * minute },
    { name: 'long for a step of the usual time-out', timeoutMs: minute, want: 28 * minute },
    { name: 'nine minutes for the longest time-out', timeoutMs: 20 * minute, want: 9 * minute },
    { name: 'not at all where the call alone is too long', timeoutMs: 60 * minute, want: 0 },
  ])('is $name', ({ timeoutMs, want }) => {
    expect(waitsUntil({ deliveredAtMs: 1000, timeoutMs }) - 1000).toBe(want)
  })
})
