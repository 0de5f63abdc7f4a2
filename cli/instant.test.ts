import { describe, expect, it } from 'vitest'
import { instantOf } from './instant.ts'

const now = Date.parse('2026-03-01T12:00:00Z')

describe('an instant', () => {
  it.each([
    { text: '2h', want: '2026-03-01T10:00:00.000Z' },
    { text: '1d12h', want: '2026-02-28T00:00:00.000Z' },
    { text: '90s', want: '2026-03-01T11:58:30.000Z' },
    { text: '1w', want: '2026-02-22T12:00:00.000Z' },
    { text: '2026-01-31', want: '2026-01-31T00:00:00.000Z' },
    { text: '2026-01-31T03:00:00Z', want: '2026-01-31T03:00:00.000Z' },
    { text: '2026-01-31T03:00:00.5+01:00', want: '2026-01-31T02:00:00.500Z' },
  ])('is $want for $text', ({ text, want }) => {
    expect(new Date(instantOf('--since', text, now)).toISOString()).toBe(want)
  })

  it.each(['', 'yesterday', '2', '2 h', '-2h', '2026-13-01', '1700000000', 'h'])('is not %j', (text) => {
    expect(() => instantOf('--since', text, now)).toThrow(/^--since: give a time, as 2026-/)
  })
})
