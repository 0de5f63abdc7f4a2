import type { Finding } from './finding.ts'

/** A finding as JSON shows it; what is not known is null. */
interface FindingRow {
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly severity: Finding['severity']
  readonly code: string
  readonly path: string
  readonly message: string
}

/** `file:line:column: severity Code message`, on one line; what is not known is left out. */
export function formatFinding(finding: Finding): string {
  const { file, line, column, severity, code, message } = finding
  const place = [file, line, column].filter((part) => part !== undefined).join(':')
  return `${place === '' ? '' : `${place}: `}${severity} ${code} ${message.replaceAll(/\s*\n\s*/g, ' ')}`
}

/** The rows of `--output json`, sorted. */
export function findingsJson(findings: readonly Finding[]): readonly FindingRow[] {
  return sortFindings(findings).map(({ file, line, column, severity, code, path, message }) => ({
    file: file ?? null,
    line: line ?? null,
    column: column ?? null,
    severity,
    code,
    path,
    message,
  }))
}

/** By file, line and column, then code; a new list. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted(
    (left, right) =>
      compare(left.file ?? '', right.file ?? '') ||
      comparePlaces(left, right) ||
      compare(left.code, right.code) ||
      compare(left.message, right.message),
  )
}

function comparePlaces(left: Finding, right: Finding): number {
  return compare(left.line ?? 0, right.line ?? 0) || compare(left.column ?? 0, right.column ?? 0)
}

function compare<T extends string | number>(left: T, right: T): number {
  if (left < right) return -1
  return left > right ? 1 : 0
}
