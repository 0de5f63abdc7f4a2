import { describe, expect, it } from 'vitest'
import { claimCopy, judgeClaim, judgeFireClaim } from './judge-claim.ts'

const own = { attempt: 1, copy: claimCopy('m/1', 'mine') }
const started = { attempt: 1, copy: own.copy, state: 'started', claimedAt: 1000 } as const

describe('judgeClaim', () => {
  it.each([
    {
      name: 'drops another copy of the message that is at work',
      held: { ...started, copy: claimCopy('m/1', 'other') },
      nowMs: 1500,
      want: { kind: 'duplicate', isAtWork: true },
    },
    {
      name: 'drops another copy that never ended',
      held: { ...started, copy: claimCopy('m/1', 'other') },
      nowMs: 99_000,
      want: { kind: 'duplicate', isAtWork: true },
    },
    {
      name: 'drops another copy of a done one',
      held: { ...started, copy: claimCopy('m/1', 'other'), state: 'done' as const },
      nowMs: 1500,
      want: { kind: 'duplicate', isAtWork: false },
    },
    {
      name: 'drops another message with the key, which nobody else is at work on',
      held: { ...started, copy: claimCopy('m', 'other') },
      nowMs: 1500,
      want: { kind: 'duplicate', isAtWork: false },
    },
    {
      name: 'drops its own redelivery after it was done',
      held: { ...started, state: 'done' as const },
      nowMs: 1500,
      want: { kind: 'duplicate', isAtWork: false },
    },
    {
      name: 'waits while its own start may still be at work',
      held: started,
      nowMs: 1500,
      want: { kind: 'later', afterMs: 1500 },
    },
    {
      name: 'waits for one time-out where the clock was set back',
      held: { ...started, claimedAt: 3_600_000 },
      nowMs: 1500,
      want: { kind: 'later', afterMs: 2000 },
    },
    { name: 'says unknown once the time-out has passed', held: started, nowMs: 3000, want: { kind: 'unknown' } },
  ])('$name', ({ held, nowMs, want }) => {
    expect(judgeClaim({ held, own, timeoutMs: 2000, nowMs })).toEqual(want)
  })
})

describe('judgeFireClaim', () => {
  it.each([
    { name: 'admits its own', held: { copy: 'a', state: 'started' as const }, want: { kind: 'admitted' } },
    {
      name: 'drops another copy',
      held: { copy: 'b', state: 'started' as const },
      want: { kind: 'duplicate', isDone: false },
    },
    {
      name: 'drops another copy of a done one',
      held: { copy: 'b', state: 'done' as const },
      want: { kind: 'duplicate', isDone: true },
    },
    {
      name: 'drops its own when that is done',
      held: { copy: 'a', state: 'done' as const },
      want: { kind: 'duplicate', isDone: true },
    },
  ])('$name', ({ held, want }) => {
    expect(judgeFireClaim(held, { copy: 'a' })).toEqual(want)
  })
})
