import { describe, expect, it } from 'vitest'
import { boundDrafts, type Draft } from './draft.ts'
import type { Finding } from './finding.ts'
import { findingsJson, formatFinding, sortFindings } from './format-finding.ts'

const finding: Finding = {
  code: 'UnknownStep',
  severity: 'error',
  message: 'no step is named "stroe"',
  file: 'flow.yaml',
  line: 7,
  column: 3,
  path: 'spec.steps[0].next[0].to',
}

describe('formatFinding', () => {
  it('is one line that editors can jump to', () => {
    expect(formatFinding(finding)).toBe('flow.yaml:7:3: error UnknownStep no step is named "stroe"')
  })

  it('leaves out what is not known', () => {
    const { line: _line, column: _column, ...placeless } = finding
    expect(formatFinding(placeless)).toBe('flow.yaml: error UnknownStep no step is named "stroe"')
    const { file: _file, ...fileless } = placeless
    expect(formatFinding(fileless)).toBe('error UnknownStep no step is named "stroe"')
  })

  it('stays on one line whatever the message holds', () => {
    expect(formatFinding({ ...finding, message: 'a\n  b' })).toContain('UnknownStep a b')
  })
})

describe('findingsJson', () => {
  it('has every field, null where it is not known, in the order of the file', () => {
    const { line: _line, column: _column, ...placeless } = finding
    expect(findingsJson([finding, placeless])).toEqual([
      { ...finding, line: null, column: null },
      { ...finding, line: 7, column: 3 },
    ])
    expect(Object.keys(findingsJson([finding])[0] ?? {})).toEqual([
      'file',
      'line',
      'column',
      'severity',
      'code',
      'path',
      'message',
    ])
  })
})

describe('sortFindings', () => {
  it('sorts by file, line and column as numbers, then code', () => {
    const places = [
      { file: 'b', line: 1, column: 1 },
      { file: 'a', line: 10, column: 1 },
      { file: 'a', line: 9, column: 20 },
      { file: 'a', line: 9, column: 3 },
      { file: 'a', line: 9, column: 3, code: 'Cycle' },
    ]
    const sorted = sortFindings(places.map((place) => ({ ...finding, ...place })))
    expect(sorted.map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`)).toEqual([
      'a:9:3 Cycle',
      'a:9:3 UnknownStep',
      'a:9:20 UnknownStep',
      'a:10:1 UnknownStep',
      'b:1:1 UnknownStep',
    ])
  })
})

describe('boundDrafts', () => {
  const drafts = (count: number): Draft[] =>
    Array.from({ length: count }, (_, at) => ({ code: 'UnknownStep', path: ['spec', at], message: String(at) }))

  it('keeps a hundred', () => {
    expect(boundDrafts(drafts(100))).toHaveLength(100)
  })

  it('says how many more there are', () => {
    const bounded = boundDrafts(drafts(350))
    expect(bounded).toHaveLength(101)
    expect(bounded.at(-1)).toMatchObject({ code: 'MoreFindings', message: expect.stringContaining('250') as unknown })
  })
})
