import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskSecrets } from './mask-secrets.ts'

const password = 'p@ss "wörd"/1'

describe('maskSecrets', () => {
  it.each([
    { name: 'as it is', text: `login with ${password} refused`, want: 'login with [redacted] refused' },
    { name: 'in JSON', text: JSON.stringify({ password }), want: '{"password":"[redacted]"}' },
    { name: 'in a URL', text: `http://x/?p=${encodeURIComponent(password)}&q`, want: 'http://x/?p=[redacted]&q' },
    { name: 'in base64', text: `token ${Buffer.from(password).toString('base64')}.`, want: 'token [redacted].' },
    { name: 'more than once', text: `${password}${password}`, want: '[redacted][redacted]' },
    { name: 'nowhere', text: 'all is well', want: 'all is well' },
  ])('hides a secret $name', ({ text, want }) => {
    expect(maskSecrets([password])(text)).toBe(want)
  })

  it('hides the lines of a key one by one, as an error may quote one of them', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n'
    expect(maskSecrets([key])('bad line kqhkiG9w0BAQEF in key')).toBe('bad line [redacted] in key')
  })

  it('hides the longer of two that begin alike', () => {
    expect(maskSecrets(['abcd', 'abcdefgh'])('is abcdefgh')).toBe('is [redacted]')
  })

  it.each(['', 'no', 'abc'])('leaves "%s" alone: it would hide half of every text', (secret) => {
    expect(maskSecrets([secret])('no abc')).toBe('no abc')
  })

  it('never lets one through', () => {
    const secret = fc.string({ minLength: 4, unit: 'binary' }).filter((value) => !/[[\]redact]/.test(value))
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
        expect(maskSecrets([value])(`${before}${value}${after}`)).not.toContain(value)
      }),
      { numRuns: 30 },
    )
  })
})
