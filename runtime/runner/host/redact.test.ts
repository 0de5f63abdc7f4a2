import { describe, expect, it } from 'vitest'
import { redact, redactJson, secretsIn } from './redact.ts'

describe('secrets of a config', () => {
  it.each([
    { name: 'by their name', config: { password: 'hunter2!', url: 'https://x.example' }, want: ['hunter2!'] },
    { name: 'under a name', config: { auth: { user: 'annabell', list: ['abcdef'] } }, want: ['annabell', 'abcdef'] },
    { name: 'deep down', config: { a: { b: { apiKey: 'k-123456' } } }, want: ['k-123456'] },
    { name: 'not when they are too short to be told from words', config: { token: 'abc' }, want: [] },
    { name: 'not what is no text', config: { keyCount: 123456, authorized: true, secret: null }, want: [] },
  ])('are found $name', ({ config, want }) => {
    expect(secretsIn(config)).toEqual(want)
  })

  it('do not show in text, however often', () => {
    expect(redact('hunter2! and hunter2!', ['hunter2!'])).toBe('[redacted] and [redacted]')
  })

  it('do not show in JSON, however they are escaped', () => {
    const secret = 'a"b\\c\nd'
    expect(redactJson(JSON.stringify({ secret }), [secret])).toBe('{"secret":"[redacted]"}')
  })
})
