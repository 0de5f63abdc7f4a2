import { describe, expect, it } from 'vitest'
import { decideDue } from './due-times.ts'

const now = 1_000_000_000
const late = (seconds: number) => ({ at: now - seconds * 1000, dueAt: now - seconds * 1000 })

describe('decideDue', () => {
  it.each([
    { name: 'fires what is due now', missed: 'skip' as const, ages: [0], want: [0] },
    {
      name: 'takes what is hardly late for on time, whatever the policy',
      missed: 'skip' as const,
      ages: [8, 3, 0],
      want: [8, 3, 0],
    },
    { name: 'skips what was missed', missed: 'skip' as const, ages: [7200, 3600], want: [] },
    { name: 'makes up for the latest', missed: 'latest' as const, ages: [7200, 3600], want: [3600] },
    { name: 'makes up for none when one is on time', missed: 'latest' as const, ages: [7200, 3600, 0], want: [0] },
    { name: 'makes up for all', missed: 'all' as const, ages: [7200, 3600, 0], want: [7200, 3600, 0] },
    { name: 'gives up beyond the deadline', missed: 'all' as const, deadline: 4000, ages: [7200, 3600], want: [3600] },
    {
      name: 'gives up the latest beyond the deadline',
      missed: 'latest' as const,
      deadline: 60,
      ages: [3600],
      want: [],
    },
    { name: 'holds a deadline of a few seconds too', missed: 'latest' as const, deadline: 2, ages: [3], want: [] },
    { name: 'decides nothing of nothing', missed: 'all' as const, ages: [], want: [] },
  ])('$name', ({ missed, ages, want, deadline }) => {
    const policy = { missed, ...(deadline !== undefined && { startingDeadlineSeconds: deadline }) }
    const { fire, skipped } = decideDue(ages.map(late), policy, now)
    expect(fire).toEqual(want.map(late))
    expect(fire.length + skipped.length).toBe(ages.length)
  })
})
