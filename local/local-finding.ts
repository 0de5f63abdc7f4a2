import type { FindingCode } from '../flow/finding/codes.ts'
import { severityOf } from '../flow/finding/codes.ts'
import type { Finding } from '../flow/finding/finding.ts'

/** A finding about what is on this machine; without a place it is about the whole file. */
export function localFinding(
  code: FindingCode,
  message: string,
  place: Pick<Finding, 'file' | 'line' | 'column'> & { readonly path?: string },
): Finding {
  return { code, severity: severityOf(code, false), message, line: 1, column: 1, path: '', ...place }
}
