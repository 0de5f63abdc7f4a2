import { describe, expect, it } from 'vitest'
import { takeInTurn } from './take-in-turn.ts'

const names = ['c', 'a', 'd', 'b']

describe('taking names in turn', () => {
  it.each([
    { name: 'begins with the first', names, last: '', count: 2, want: ['a', 'b'] },
    { name: 'goes on behind the last one', names, last: 'b', count: 2, want: ['c', 'd'] },
    { name: 'goes round', names, last: 'c', count: 3, want: ['d', 'a', 'b'] },
    { name: 'begins anew behind the end', names, last: 'd', count: 1, want: ['a'] },
    { name: 'goes on where the last one is gone', names, last: 'bb', count: 1, want: ['c'] },
    { name: 'takes none twice', names, last: 'c', count: 9, want: ['d', 'a', 'b', 'c'] },
    { name: 'takes none where there is none', names: [], last: 'c', count: 9, want: [] },
  ])('$name', ({ names, last, count, want }) => {
    expect(takeInTurn(names, last, count)).toEqual(want)
  })
})
