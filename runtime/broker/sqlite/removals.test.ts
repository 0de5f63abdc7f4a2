import { expect, it } from 'vitest'
import { rangesOf } from './removals.ts'

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
