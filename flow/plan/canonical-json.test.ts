import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical-json.ts'

describe('canonicalJson', () => {
  it.each([
    { value: { b: 1, a: [2, { d: null, c: 'x' }] }, want: '{"a":[2,{"c":"x","d":null}],"b":1}' },
    { value: { a: undefined, b: [undefined] }, want: '{"b":[null]}' },
    { value: { 10: 1, 9: 2, '"': 3 }, want: '{"\\"":3,"10":1,"9":2}' },
    { value: undefined, want: 'null' },
    { value: {}, want: '{}' },
  ])('of $value is $want', ({ value, want }) => {
    expect(canonicalJson(value)).toBe(want)
  })

  it('is JSON for the same value, and equal for equal values alone', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        expect(JSON.parse(canonicalJson(one))).toEqual(JSON.parse(JSON.stringify(one)))
        expect(canonicalJson(one) === canonicalJson(other)).toBe(
          isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other))),
        )
      }),
    )
  })
})
