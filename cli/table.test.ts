import { describe, expect, it } from 'vitest'
import { brief, described, table } from './table.ts'

describe('a table', () => {
  it('has headings above columns as wide as they need to be, and nothing behind the last', () => {
    expect(
      table(
        ['NAME', 'AGE'],
        [
          ['a-long-name', '5m'],
          ['b', ''],
        ],
      ),
    ).toBe('NAME          AGE\na-long-name   5m\nb\n')
  })

  it('keeps each row on its line, and what others wrote from commanding the terminal', () => {
    expect(table(['A'], [['x\ny\u001B[2Jz\u0007']])).toBe('A\nx yz\uFFFD\n')
  })
})

describe('a description', () => {
  it('puts values under each other, and leaves out what there is not', () => {
    expect(
      described([
        ['Name', 'a'],
        ['Gone', undefined],
        ['Started', 'b'],
      ]),
    ).toBe('Name:    a\nStarted: b\n')
  })
})

it.each([
  { text: 'short', want: 'short' },
  { text: 'first\nsecond', want: 'first' },
  { text: 'x'.repeat(100), want: `${'x'.repeat(79)}…` },
])('of a text a table shows $want', ({ text, want }) => {
  expect(brief(text)).toBe(want)
})
