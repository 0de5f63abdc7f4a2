import type { Finding } from '../flow/finding/finding.ts'
import { findingsJson, formatFinding, sortFindings } from '../flow/finding/format-finding.ts'
import type { Terminal } from './terminal.ts'

/** Findings as lines for people, with a summary; or as one JSON list. */
export function printFindings(terminal: Terminal, findings: readonly Finding[], output: 'text' | 'json'): void {
  if (output === 'json') return terminal.out(`${JSON.stringify(findingsJson(findings), undefined, 2)}\n`)
  for (const finding of sortFindings(findings)) terminal.out(`${coloured(terminal, formatFinding(finding), finding)}\n`)
}

export function summaryOf(findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const warnings = findings.length - errors
  return `${count(errors, 'error')}, ${count(warnings, 'warning')}`
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function coloured(terminal: Terminal, line: string, { severity }: Finding): string {
  return line.replace(`${severity} `, `${terminal.style(severity === 'error' ? 'red' : 'yellow', severity)} `)
}
