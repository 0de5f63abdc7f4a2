import type { Finding } from '../flow/finding/finding.ts'
import { findingsJson, formatFinding, sortFindings } from '../flow/finding/format-finding.ts'
import type { Output } from './terminal.ts'

/** Findings as lines for people, or as one JSON list. */
export function printFindings(output: Output, findings: readonly Finding[], form: 'text' | 'json' = 'text'): void {
  const placed = findings.map(withPlace)
  if (form === 'json') return output.write(`${JSON.stringify(findingsJson(placed), undefined, 2)}\n`)
  for (const finding of sortFindings(placed)) output.write(`${coloured(output, finding)}\n`)
}

/** What is about a whole file stands at its beginning: whoever reads the lines by their form finds all of them. */
function withPlace(finding: Finding): Finding {
  return finding.file === undefined ? finding : { line: 1, column: 1, ...finding }
}

export function summaryOf(findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  return `${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}`
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function coloured({ style }: Output, finding: Finding): string {
  const { severity, code } = finding
  const colour = severity === 'error' ? 'red' : 'yellow'
  // The first that is followed by the code: a file may be called "error ".
  return formatFinding(finding).replace(`${severity} ${code}`, `${style(colour, severity)} ${style('bold', code)}`)
}
