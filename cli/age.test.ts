import { expect, it } from 'vitest'
import { age } from './age.ts'

const [second, minute, hour] = [1000, 60_000, 3_600_000]

it.each([
  { ms: -5000, want: '0s' },
  { ms: 999, want: '0s' },
  { ms: 119 * second, want: '119s' },
  { ms: 2 * minute, want: '2m' },
  { ms: 5 * minute + 30 * second, want: '5m30s' },
  { ms: 10 * minute + 30 * second, want: '10m' },
  { ms: 179 * minute, want: '179m' },
  { ms: 3 * hour, want: '3h' },
  { ms: 7 * hour + 20 * minute, want: '7h20m' },
  { ms: 47 * hour + 59 * minute, want: '47h' },
  { ms: 49 * hour, want: '2d' },
])('$ms ms ago is $want, as kubectl has it', ({ ms, want }) => {
  expect(age(ms)).toBe(want)
})
