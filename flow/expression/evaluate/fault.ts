export type FaultKind = 'ExpressionFailed' | 'ExpressionTimedOut' | 'ExpressionTooDeep' | 'ExpressionTooLarge'

interface FaultDetail {
  /** What is wrong, as a clause. */
  readonly text: string
  /** Characters into the source, just behind the token. */
  readonly position?: number | undefined
  readonly token?: string | undefined
}

/** An evaluation that cannot go on; where it happened is filled in on the way up. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly kind: FaultKind
  position: number | undefined
  token: string | undefined

  constructor(kind: FaultKind, { text, position, token }: FaultDetail, options?: ErrorOptions) {
    super(text, options)
    this.kind = kind
    this.position = position
    this.token = token
  }
}

export function failed(text: string, position?: number): Fault {
  return new Fault('ExpressionFailed', { text, position })
}

const shownCharacters = 40

/** A value in a message to a person: short, and nothing of what lies inside. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(shortened(value))
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return `a list of ${value.length}`
  return typeof value === 'object' && value !== null ? 'an object' : JSON.stringify(value)
}

export function shortened(text: string): string {
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text
}
