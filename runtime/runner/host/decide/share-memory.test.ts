import { describe, expect, it } from 'vitest'
import { evenMb, heapMb, usableMb } from './share-memory.ts'

const mb = 2 ** 20

describe('usableMb', () => {
  it.each([
    { name: '80 % of the limit', limit: 512 * mb, used: 0, want: 409 },
    { name: 'less what is used besides', limit: 512 * mb, used: 128 * mb, want: 281 },
    { name: 'never less than nothing', limit: 100 * mb, used: 128 * mb, want: 0 },
  ])('$name', ({ limit, used, want }) => {
    expect(usableMb(limit, used)).toBe(want)
  })
})

describe('evenMb', () => {
  it.each([
    { name: 'the usual without a limit', totalMb: undefined, count: 16, want: 512 },
    { name: 'never more than the usual', totalMb: 9000, count: 2, want: 512 },
    { name: 'an even share', totalMb: 1200, count: 4, want: 300 },
    { name: 'of as many as can run', totalMb: 1200, count: 16, want: 133 },
    { name: 'and never less than the least', totalMb: 100, count: 4, want: 128 },
  ])('$name', ({ totalMb, count, want }) => {
    expect(evenMb({ totalMb, usualMb: 512, leastMb: 128 }, count)).toBe(want)
  })
})

describe('heapMb', () => {
  it.each([
    { limit: 512, want: 256 },
    { limit: 600, want: 256 },
    { limit: 200, want: 100 },
  ])('of $limit MB is $want', ({ limit, want }) => {
    expect(heapMb(limit, { usualMb: 512, heapMb: 256 })).toBe(want)
  })
})
