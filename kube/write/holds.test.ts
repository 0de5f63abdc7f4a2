import { describe, expect, it } from 'vitest'
import { canonicalJson, holds } from './holds.ts'

describe('what is wanted', () => {
  it.each<{ readonly name: string; readonly wanted: unknown; readonly present: unknown; readonly want: boolean }>([
    { name: 'is there with more', wanted: { a: 1 }, present: { a: 1, b: 2 }, want: true },
    { name: 'differs', wanted: { a: 1 }, present: { a: '1' }, want: false },
    { name: 'is absent', wanted: { a: 1 }, present: undefined, want: false },
    { name: 'is empty and absent', wanted: { a: {}, b: [], c: null, d: { e: undefined } }, present: {}, want: true },
    { name: 'lies deep', wanted: { a: { b: [{ c: 1 }] } }, present: { a: { b: [{ c: 1, d: 2 }] } }, want: true },
    { name: 'is an item of more', wanted: [{ n: 'b' }], present: [{ n: 'a' }, { n: 'b' }], want: true },
    { name: 'is an item twice', wanted: [{ n: 'a' }, { n: 'a' }], present: [{ n: 'a' }], want: false },
    { name: 'is a list in its order', wanted: ['a', 'b'], present: ['a', 'b'], want: true },
    { name: 'is a list in another order', wanted: ['a', 'b'], present: ['b', 'a'], want: false },
    { name: 'is a shorter list', wanted: ['a'], present: ['a', 'b'], want: false },
    { name: 'is false and absent', wanted: { a: false }, present: {}, want: false },
    { name: 'is an object and a list is there', wanted: { a: {} }, present: { a: [1] }, want: false },
    { name: 'is named like a prototype', wanted: { constructor: 'a' }, present: {}, want: false },
  ])('$name', ({ wanted, present, want }) => {
    expect(holds(wanted, present)).toBe(want)
  })
})

it('writes the same value the same way', () => {
  expect(canonicalJson({ b: [{ d: 1, c: undefined }], a: 'x' })).toBe('{"a":"x","b":[{"d":1}]}')
  expect(canonicalJson(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}')
})
