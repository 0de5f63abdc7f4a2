import { severityOf, type FindingCode } from './codes.ts'
import { formatPath, type Finding, type Path } from './finding.ts'

/** A finding as a rule writes it: what and where in the object; file, line and severity are added once, outside. */
export interface Draft {
  readonly code: FindingCode
  readonly path: Path
  readonly message: string
  /** Point at the key that the path ends with, not at its value. */
  readonly key?: boolean
  /** Characters into the text at the path, 0-based. */
  readonly offset?: number
}

/** Where drafts get their file and lines from; a Manifest is one. */
interface Located {
  readonly file: string
  readonly positionOf: (
    path: Path,
    options?: { readonly key?: boolean; readonly offset?: number },
  ) => { readonly line: number; readonly column: number }
}

export function toFinding(draft: Draft, at: Located, isStrict = false): Finding {
  const { key = false, offset } = draft
  const { line, column } = at.positionOf(draft.path, offset === undefined ? { key } : { key, offset })
  return {
    code: draft.code,
    severity: severityOf(draft.code, isStrict),
    message: draft.message,
    file: at.file,
    line,
    column,
    path: formatPath(draft.path),
  }
}

const maxPerDocument = 100

/** The first hundred, and one that says how many more there are. */
export function boundDrafts(drafts: readonly Draft[]): readonly Draft[] {
  if (drafts.length <= maxPerDocument) return drafts
  const left = drafts.length - maxPerDocument
  const more: Draft = {
    code: 'MoreFindings',
    path: [],
    message: `${left} more findings are not shown: mend these first`,
  }
  return [...drafts.slice(0, maxPerDocument), more]
}
