import { describe, expect, it } from 'vitest'
import { listed, nearestOf, quoted, suggestion } from './suggest.ts'

describe('nearestOf', () => {
  it.each([
    { word: 'stroe', among: ['check', 'store', 'shape'], want: 'store' },
    { word: 'timezone', among: ['timeZone', 'timeZones'], want: 'timeZone' },
    { word: 'max_attempts', among: ['maxAttempts'], want: 'maxAttempts' },
    { word: 'pagesize', among: ['page', 'pageSize'], want: 'pageSize' },
    { word: 'xyz', among: ['store', 'check'], want: undefined },
    { word: 'a', among: ['b', 'c'], want: undefined },
    { word: 'to', among: ['do'], want: undefined },
    { word: '', among: ['store'], want: undefined },
    { word: 'x'.repeat(10_000), among: ['x'.repeat(9_999)], want: undefined },
  ])('$word: $want', ({ word, among, want }) => {
    expect(nearestOf(word, among)).toBe(want)
  })
})

describe('suggestion', () => {
  it('asks for the near name, else lists what there is', () => {
    expect(suggestion('stroe', ['store', 'check'])).toBe(': did you mean "store"?')
    expect(suggestion('xyz', ['store', 'check'])).toBe('; there is store and check')
    expect(suggestion('xyz', [])).toBe('')
  })
})

describe('listed', () => {
  it('reads as a sentence and stays short', () => {
    expect(listed(['a'])).toBe('a')
    expect(listed(['a', 'b', 'c'])).toBe('a, b and c')
    expect(listed('abcdefghijk'.split(''))).toBe('a, b, c, d, e, f, g, h and 3 more')
  })
})

describe('quoted', () => {
  it('shows what a user wrote on one line, shortened', () => {
    expect(quoted('a\nb')).toBe(String.raw`"a\nb"`)
    expect(quoted('x'.repeat(100))).toHaveLength(60)
  })
})
