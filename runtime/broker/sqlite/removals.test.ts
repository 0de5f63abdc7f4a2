import { expect, it, vi } from 'vitest'
import type { GroupCommit } from '../../store/sqlite/group-commit.ts'
import type { NumberRange } from './queue-schema.ts'
import { rangesOf, removals } from './removals.ts'
import type { Trouble } from './trouble.ts'

it.each([
  { numbers: [], want: [] },
  { numbers: [7], want: [{ first: 7, last: 7 }] },
  { numbers: [3, 1, 2], want: [{ first: 1, last: 3 }] },
  {
    numbers: [5, 1, 2, 9, 8],
    want: [
      { first: 1, last: 2 },
      { first: 5, last: 5 },
      { first: 8, last: 9 },
    ],
  },
])('puts side by side what lies side by side: $numbers', ({ numbers, want }) => {
  expect(rangesOf(numbers)).toEqual(want)
})

it('removes later what could not be committed', async () => {
  const removed: NumberRange[] = []
  let failures = 0
  const writeRelaxed: GroupCommit['writeRelaxed'] = async (work) => {
    await Promise.resolve() // in a later turn, as it is promised
    const result = work()
    failures += 1
    if (failures > 1) return result
    removed.length = 0
    throw new Error('the disk is full')
  }
  const trouble: Trouble = {
    retryAfter: (_, again) => again(),
    note: () => {},
    clear: () => {},
    health: () => ({ kind: 'ready' }),
    close: () => {},
  }
  const { add } = removals({ writeRelaxed }, (range) => removed.push(range), trouble)
  add(1)
  add(2)
  await vi.waitFor(() => expect(failures).toBe(2))
  expect(removed).toEqual([{ first: 1, last: 2 }])
})
