import { describe, expect, it } from 'vitest'
import type { PermitWait } from './judge-wait.ts'
import { judgeWait } from './judge-wait.ts'

const wait: PermitWait = { heldMs: 0, holdMs: 10_000, ahead: 0, nextInMs: 0, intervalMs: 1000, parked: 0 }

describe('judgeWait', () => {
  it.each([
    { name: 'holds the next one', given: {}, want: { kind: 'hold' } },
    { name: 'holds what comes in time', given: { ahead: 10 }, want: { kind: 'hold' } },
    { name: 'parks what does not', given: { ahead: 11 }, want: { kind: 'park', afterMs: 11_000 } },
    { name: 'counts what it has waited', given: { ahead: 3, heldMs: 8000 }, want: { kind: 'park', afterMs: 3000 } },
    {
      name: 'parks until the budget is there again',
      given: { nextInMs: 600_000 },
      want: { kind: 'park', afterMs: 600_000 },
    },
    {
      name: 'and behind those that were parked before',
      given: { nextInMs: 600_000, parked: 5 },
      want: { kind: 'park', afterMs: 605_000 },
    },
    {
      name: 'for an hour at most: the budget may be another then',
      given: { nextInMs: 86_400_000 },
      want: { kind: 'park', afterMs: 3_600_000 },
    },
    { name: 'for a second at least', given: { heldMs: 20_000 }, want: { kind: 'park', afterMs: 1000 } },
    {
      name: 'holds what waits too long when enough are parked',
      given: { nextInMs: 600_000, parked: 200 },
      want: { kind: 'hold' },
    },
  ])('$name', ({ given, want }) => {
    expect(judgeWait({ ...wait, ...given })).toEqual(want)
  })
})
