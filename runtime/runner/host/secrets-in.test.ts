import { describe, expect, it } from 'vitest'
import { secretsIn } from './secrets-in.ts'

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
})
