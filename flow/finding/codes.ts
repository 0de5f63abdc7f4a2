import type { CodeRow } from './code-row.ts'
import type { Severity } from './finding.ts'
import { flowCodes } from './flow-codes.ts'
import { manifestCodes } from './manifest-codes.ts'
import { referenceCodes } from './reference-codes.ts'

const table = { ...manifestCodes, ...flowCodes, ...referenceCodes }

export type FindingCode = keyof typeof table

/** Every code that lint may give, with what it means and what to do. A code is API: it never changes its meaning. */
export const codes: Readonly<Record<FindingCode, CodeRow>> = table

export function severityOf(code: FindingCode, isStrict: boolean): Severity {
  const row = codes[code]
  return isStrict && row.isErrorWhenStrict ? 'error' : row.severity
}

/** docs/findings.md, as Markdown. */
export function findingsPage(): string {
  return [
    '# Findings',
    '',
    '<!-- Generated from flow/finding by findingsPage(); a test keeps the two equal. -->',
    '',
    'What `weir lint` can say about manifests. A code is stable: scripts may rely on it. Each finding stands as',
    '`file:line:column: severity Code message`. An error keeps a flow from running; a warning does not.',
    '"warning, error with --strict" is an error in `weir run`, too, since there everything must be known.',
    '',
    ...section('Files and fields', manifestCodes),
    ...section('Flows', flowCodes),
    ...section('What flows name', referenceCodes),
  ].join('\n')
}

function section(title: string, rows: Readonly<Record<string, CodeRow>>): string[] {
  const lines = Object.entries(rows).map(
    ([code, row]) => `| \`${code}\` | ${severityText(row)} | ${row.meaning} | ${row.remedy} |`,
  )
  return [`## ${title}`, '', '| code | severity | meaning | what to do |', '| --- | --- | --- | --- |', ...lines, '']
}

function severityText(row: CodeRow): string {
  return row.severity === 'warning' && row.isErrorWhenStrict ? 'warning, error with --strict' : row.severity
}
