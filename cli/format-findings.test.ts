import { describe, expect, it } from 'vitest'
import type { Finding } from '../flow/finding/finding.ts'
import { count, printFindings, summaryOf } from './format-findings.ts'

const finding: Finding = {
  code: 'WrongType',
  severity: 'error',
  message: 'no',
  file: 'b.yaml',
  line: 2,
  column: 3,
  path: 'spec',
}

function printed(findings: readonly Finding[], form?: 'text' | 'json'): string {
  let text = ''
  printFindings(
    { write: (more) => void (text += more), style: (style, part) => `<${style}>${part}</>` },
    findings,
    form,
  )
  return text
}

describe('printFindings', () => {
  it('sorts, and marks severity and code, whatever a file is called', () => {
    const odd = { ...finding, file: 'error WrongType', severity: 'warning' as const }
    expect(printed([odd, finding])).toBe(
      'b.yaml:2:3: <red>error</> <bold>WrongType</> no\nerror WrongType:2:3: <yellow>warning</> <bold>WrongType</> no\n',
    )
  })

  it('gives what is about a whole file a place at its beginning', () => {
    const { line: _line, column: _column, ...whole } = finding
    expect(printed([whole])).toMatch(/^b\.yaml:1:1: /)
    expect(JSON.parse(printed([whole], 'json'))).toMatchObject([{ line: 1, column: 1 }])
  })

  it('prints a list without an entry as JSON when there is nothing', () => {
    expect(printed([], 'json')).toBe('[]\n')
    expect(printed([])).toBe('')
  })
})

describe('counts', () => {
  it.each([
    [0, '0 errors'],
    [1, '1 error'],
    [2, '2 errors'],
  ])('%i is %s', (number, want) => {
    expect(count(number, 'error')).toBe(want)
  })

  it('sum up by severity', () => {
    expect(summaryOf([finding, finding, { ...finding, severity: 'warning' }])).toBe('2 errors, 1 warning')
  })
})
