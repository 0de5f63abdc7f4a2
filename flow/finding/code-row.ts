import type { Severity } from './finding.ts'

/** What the findings page says of a code. */
export interface CodeRow {
  readonly severity: Severity
  /** A warning that becomes an error where everything must be known: with `--strict`, and in `run`. */
  readonly isErrorWhenStrict: boolean
  readonly meaning: string
  readonly remedy: string
}

export function error(meaning: string, remedy: string): CodeRow {
  return { severity: 'error', isErrorWhenStrict: true, meaning, remedy }
}

export function warning(meaning: string, remedy: string): CodeRow {
  return { severity: 'warning', isErrorWhenStrict: false, meaning, remedy }
}

export function errorWhenStrict(meaning: string, remedy: string): CodeRow {
  return { severity: 'warning', isErrorWhenStrict: true, meaning, remedy }
}
