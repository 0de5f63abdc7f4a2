import type { Timestamp } from './text.ts'

/** `metav1.Condition`, field by field. */
export interface Condition {
  /**
   * What is judged, as `Ready`.
   *
   * @maxLength 316
   * @pattern ^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*[/])?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$
   */
  readonly type: string
  /** Whether it holds; `Unknown` while nobody has looked. */
  readonly status: 'True' | 'False' | 'Unknown'
  /**
   * The generation of the spec that was judged.
   *
   * @asType integer
   * @minimum 0
   */
  readonly observedGeneration?: number
  /** When the status last changed. */
  readonly lastTransitionTime: Timestamp
  /**
   * Why, in one CamelCase word.
   *
   * @minLength 1
   * @maxLength 1024
   * @pattern ^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$
   */
  readonly reason: string
  /**
   * Why, in words, and what to do.
   *
   * @maxLength 32768
   */
  readonly message: string
}
