import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linearRegex, RegexUnsupported } from './regex-engine.ts'

interface Found {
  readonly match: string
  readonly start: number
  readonly groups: readonly (string | undefined)[]
}

function all(pattern: RegExp, text: string): Found[] {
  const regex = linearRegex(pattern)
  const found: Found[] = []
  for (let from = 0; from <= text.length;) {
    const next = regex.find(text, from)
    if (next === undefined) break
    const { match, start, end, groups } = next
    found.push({ match, start, groups })
    from = end > start ? end : end + 1
  }
  return found
}

function allOfJavaScript(pattern: RegExp, text: string): Found[] {
  return [...text.matchAll(new RegExp(pattern, pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`))].map(
    ([match, ...groups]) => ({ match, groups, start: -1 }),
  )
}

function withoutStart(found: readonly Found[]): unknown {
  return found.map(({ match, groups }) => ({ match, groups }))
}

describe('a regular expression', () => {
  it.each<[RegExp, string]>([
    [/b/, 'abcb'],
    [/(\d+)-(\d+)/, 'at 2024-01 and 2023-12'],
    [/w.rld/i, 'World WORLD'],
    [/^b$/m, 'a\nb\nc'],
    [/^b$/, 'a\nb\nc'],
    [/(a)|(b)/, 'ba'],
    [/(?:ab)+?/, 'ababab'],
    [/a{2,3}/, 'aaaaaaa'],
    [/[^a-c]+/, 'abcxyzabc'],
    [/\bfoo\b/, 'foo food foo'],
    [/(?<year>\d{4})/, 'in 2024'],
    [/\u00e4|\x41/, 'Aä'],
    [/[\s\S]/, 'a\nb'],
    [/\s+/, 'a\u00a0\u2003\t b'],
    [/[\sx]+/, 'a\u00a0x\ufeffb'],
    [/\S+/, 'a\u00a0b'],
    [/.+/, 'one\r\ntwo\u2028three'],
    [/[.]/, 'a.b'],
    [/\./, 'a.b'],
    [/a\/b/, 'a/b'],
    [/[[\]]/, 'a[b]c'],
    [/\\/, 'a\\b'],
    [/é+/i, 'É é'],
    [/x*/, 'aXb'],
    [/$/, 'ab'],
    [/a|ab|abc/, 'abc'],
    [/(a+)(a*)/, 'aaa'],
    [/{/, '{'],
    [/\cJ/, 'a\nb'],
    [/[^]/, '\n'],
    [/[-a]/, '-a'],
    [/\0/, 'a\0'],
  ])('%s finds in %j what JavaScript finds', (pattern, text) => {
    expect(withoutStart(all(pattern, text))).toEqual(withoutStart(allOfJavaScript(pattern, text)))
  })

  it('knows where a match stands', () => {
    const regex = linearRegex(/b(c)?/)
    expect(regex.find('abcb', 0)).toEqual({ match: 'bc', start: 1, end: 3, groups: ['c'] })
    expect(regex.find('abcb', 3)).toEqual({ match: 'b', start: 3, end: 4, groups: [undefined] })
    expect(regex.find('abcb', 4)).toBeUndefined()
    expect(linearRegex(/^b/).find('ab', 1)).toBeUndefined()
  })

  it('finds what JavaScript finds, whatever the pattern', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      'c',
      '.',
      '\\d',
      '\\w',
      '\\s',
      '[ab]',
      '[^a]',
      '\\b',
      '^',
      '$',
      '1',
      '\\.',
      ' ',
    )
    const repeat = fc.constantFrom('', '', '', '*', '+', '?', '{1,2}', '*?', '+?')
    const pattern = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 3 },
        fc.tuple(atom, repeat).map(([one, times]) => (/\\b|[$^]/.test(one) ? one : one + times)),
        fc.tuple(tie('pattern'), tie('pattern')).map(([one, two]) => one + two),
        fc.tuple(tie('pattern'), tie('pattern')).map(([one, two]) => `(?:${one}|${two})`),
        tie('pattern').map((one) => `(${one})`),
      ),
    })).pattern
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', '1', ' ', '.', '\n'), { maxLength: 12 })
      .map((all) => all.join(''))
    fc.assert(
      fc.property(pattern, text, fc.constantFrom('', 'i', 'm'), (source, within, flags) => {
        const first = linearRegex(new RegExp(source, flags)).find(within, 0)
        const reference = new RegExp(source, flags).exec(within)
        expect(first?.match).toBe(reference?.[0])
        expect(first?.start).toBe(reference?.index)
        expect(first?.groups).toEqual(reference?.slice(1))
      }),
      { numRuns: 3_000, seed: 20_261_121 },
    )
  })

  it.each([/(a)\1/, /(?=a)/, /(?!a)b/, /(?<=a)b/, /(?<!a)b/, /(?<n>a)\k<n>/, /a{1001}/, /(a{100}){100}/])(
    '%s cannot be had, and says why',
    (pattern) => {
      expect(() => linearRegex(pattern)).toThrow(RegexUnsupported)
    },
  )

  it.each([/\(?=/, /[(?=]/, /a\\1/, /\\k</])('%s only looks like one that cannot', (pattern) => {
    expect(() => linearRegex(pattern)).not.toThrow()
  })
})
