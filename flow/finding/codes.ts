import { componentCodes } from '../component/component-codes.ts'
import type { CodeRow } from './code-row.ts'
import type { Severity } from './finding.ts'
import { flowCodes } from './flow-codes.ts'
import { localCodes } from './local-codes.ts'
import { manifestCodes } from './manifest-codes.ts'
import { referenceCodes } from './reference-codes.ts'

const table = { ...manifestCodes, ...flowCodes, ...referenceCodes, ...componentCodes, ...localCodes }

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
    '<!-- Written by findingsPage() in flow/finding/codes.ts; `npx vitest run flow/finding -u` writes it again. -->',
    '',
    'What `weir lint` can say. Each finding stands on a line of its own, as `file:line:column: severity Code message`.',
    'A code keeps its meaning, so scripts may rely on it. An error keeps a flow from running, a warning does not;',
    'what is an error with `--strict` is one in `weir run`, too, since there everything must be known.',
    '',
    ...section('Files and fields', manifestCodes),
    ...section('Flows', flowCodes),
    ...section('What flows name', referenceCodes),
    ...section('Code of components', componentCodes),
    ...section('This machine', localCodes),
  ].join('\n')
}

function section(title: string, rows: Readonly<Record<string, CodeRow>>): string[] {
  const entries = Object.entries(rows).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return [`## ${title}`, '', ...entries.flatMap(([code, row]) => entry(code, row))]
}

function entry(code: string, { meaning, remedy, ...severity }: CodeRow): string[] {
  return [`### ${code}`, '', `${severityText(severity)}. ${meaning}`, `_What to do:_ ${remedy}`, '']
}

function severityText({ severity, isErrorWhenStrict }: Pick<CodeRow, 'severity' | 'isErrorWhenStrict'>): string {
  if (severity === 'error') return 'Error'
  return isErrorWhenStrict ? 'Warning, with `--strict` an error' : 'Warning'
}
