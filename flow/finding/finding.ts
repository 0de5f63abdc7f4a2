export type Severity = 'error' | 'warning'

/** Steps from the document's root to a place in it, as `['spec', 'steps', 2, 'next']`. */
export type Path = readonly (string | number)[]

/** One thing that is wrong with what a user wrote, and what to do about it. */
export interface Finding {
  readonly code: string
  readonly severity: Severity
  /** Says what is wrong and what to do, in a sentence without a final full stop. */
  readonly message: string
  readonly file?: string
  /** 1-based. */
  readonly line?: number
  /** 1-based. */
  readonly column?: number
  /** `spec.steps[2].next[0].to`; empty for the whole document. */
  readonly path: string
}

/** A finding's path as people write it: `spec.steps[2].next`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    const plain = /^[A-Za-z_$][\w$-]*$/.test(part)
    if (!plain) return `${text}[${JSON.stringify(part)}]`
    return text === '' ? part : `${text}.${part}`
  }, '')
}
