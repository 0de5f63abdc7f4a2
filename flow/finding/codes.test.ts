import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codes, findingsPage, severityOf } from './codes.ts'

const root = join(import.meta.dirname, '..', '..')

/** Codes that the sources give, as `code: 'UnknownStep'` and the like. */
function codesInSources(): Set<string> {
  const folders = ['flow/manifest', 'flow/lint', 'flow/component', 'flow/finding', 'local']
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(root, folder, file)),
  )
  const sources = files.filter((file) => file.endsWith('.ts') && !/\.test\.ts$|codes\.ts$/.test(file))
  const texts = sources.map((file) => readFileSync(file, 'utf8'))
  const found = texts.flatMap((text) => [...text.matchAll(/'([A-Z][a-z]+(?:[A-Z][a-z]+)*)'/g)].map((match) => match[1]))
  return new Set(found.filter((code) => code !== undefined))
}

describe('the codes of findings', () => {
  it('are those of the page', async () => {
    await expect(findingsPage()).toMatchFileSnapshot('../../docs/findings.md')
  })

  it('are all given by some code', () => {
    const given = codesInSources()
    expect(Object.keys(codes).filter((code) => !given.has(code))).toEqual([])
  })

  it('are words in upper camel case, with a meaning and a remedy in whole sentences', () => {
    for (const [code, { meaning, remedy }] of Object.entries(codes)) {
      expect(code).toMatch(/^([A-Z][a-z]+)+$/)
      expect(meaning, code).toMatch(/^[^a-z].*\.$/s)
      expect(remedy, code).toMatch(/^[^a-z].*[.:`]$/s)
    }
  })

  it.each([
    { code: 'UnknownStep', strict: false, want: 'error' },
    { code: 'UnknownCredential', strict: false, want: 'warning' },
    { code: 'UnknownCredential', strict: true, want: 'error' },
    { code: 'DuplicateEdge', strict: true, want: 'warning' },
  ] as const)('$code with strict $strict is a $want', ({ code, strict, want }) => {
    expect(severityOf(code, strict)).toBe(want)
  })
})
