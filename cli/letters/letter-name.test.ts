import { describe, expect, it } from 'vitest'
import { letterName, parseLetterName } from './letter-name.ts'

describe('the name of a dead letter', () => {
  it.each([
    { key: { id: 'a', step: 'store', replay: 0 }, name: 'a/store' },
    { key: { id: 'a', step: 'store', replay: 3 }, name: 'a/store/3' },
  ])('is $name, and is read back', ({ key, name }) => {
    expect(letterName(key)).toBe(name)
    expect(parseLetterName(name)).toEqual({ kind: 'key', key })
  })

  it('may be the beginning of its id', () => {
    expect(parseLetterName('5f0c1e')).toEqual({ kind: 'prefix', prefix: '5f0c1e' })
  })

  it.each(['', '5f0c1', '/store', 'a/', 'a/store/x', 'a/store/1/2', '//'])('is not %j', (typed) => {
    expect(() => parseLetterName(typed)).toThrow(/is too short|is no name of a dead letter/)
  })
})
