import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonErrorOffset } from './json-error-offset.ts'

const parses = (text: string) => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('jsonErrorOffset', () => {
  it.each([
    { text: '{"a": 1,}', want: 8 },
    { text: '[1,]', want: 3 },
    { text: '[1 2]', want: 3 },
    { text: '[1}', want: 2 },
    { text: '{"a" 1}', want: 5 },
    { text: '{a: 1}', want: 1 },
    { text: '{} {}', want: 3 },
    { text: '[01]', want: 2 },
    { text: '["\\x"]', want: 1 },
    { text: '["a\nb"]', want: 1 },
    { text: '', want: 0 },
    { text: ' [1, ', want: 5 },
  ])('of $text is $want', ({ text, want }) => {
    expect(jsonErrorOffset(text)).toBe(want)
  })

  it('is the end for whatever is JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 4 }), (text, indent) => {
        const pretty = JSON.stringify(JSON.parse(text), null, indent)
        expect(jsonErrorOffset(pretty)).toBe(pretty.length)
      }),
    )
  })

  it('is where the text before is only unfinished', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom(',', '}', ']', 'x', "'", ':'), (text, at, spoiler) => {
        const spoilt = text.slice(0, at % text.length) + spoiler + text.slice((at % text.length) + 1)
        fc.pre(!parses(spoilt))
        const offset = jsonErrorOffset(spoilt)
        expect(offset).toBeLessThanOrEqual(spoilt.length)
        expect(jsonErrorOffset(spoilt.slice(0, offset))).toBe(offset)
      }),
    )
  })

  it('reads a megabyte of brackets and of text', () => {
    expect(jsonErrorOffset('['.repeat(1_000_000))).toBe(1_000_000)
    expect(jsonErrorOffset(`["${'x\\n'.repeat(300_000)}", oops]`)).toBe(900_005)
  })
})
