/** Why an expression cannot be used. */
export interface Mistake {
  readonly message: string
  /** Characters into the source, 0-based. */
  readonly offset: number
  readonly hint?: string
}
