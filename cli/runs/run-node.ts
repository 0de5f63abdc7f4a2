import type { FailureGroup } from './failure-groups.ts'
import type { Fate } from './seen-message.ts'

/** What came of one message or of several alike, and what came of that. */
export type RunNode = GroupNode | FusedNode | UnseenNode | DeepNode

/** Messages that the same ones gave, at one step and with one fate. */
export interface GroupNode {
  readonly kind: 'messages'
  readonly step: string
  readonly fate: Fate
  readonly count: number
  /** Of the first few. */
  readonly ids: readonly string[]
  readonly attempts: number
  /** Milliseconds since 1970: when the first was begun, and the last was at its end. */
  readonly firstAt: number
  readonly lastAt: number
  /** From the end of what gave it to its first attempt: queued, or waiting on purpose. */
  readonly waited?: Span
  /** Its last delivery. */
  readonly worked: Span
  /** Messages that left a last step here. */
  readonly finished: number
  /** Deliveries that were worked on though the message had ended, and copies of it that were dropped. */
  readonly again: number
  readonly duplicates: number
  /** Dead letters that have gone on at another step since. */
  readonly replayed: number
  readonly failures: readonly FailureGroup[]
  /** Of kinds that are too many to be listed. */
  readonly otherFailures: number
  readonly next: readonly RunNode[]
}

/** In milliseconds, of so many as the node counts. */
export interface Span {
  readonly medianMs: number
  readonly maxMs: number
}

/** A built-in that ran where the step before it ran: nothing was observed of what went through it. */
export interface FusedNode {
  readonly kind: 'fused'
  readonly step: string
  /** False where a condition, or a filter, says whether anything came there. */
  readonly isCertain: boolean
  readonly next: readonly RunNode[]
}

/** Messages that are said to have been given, of which nothing was seen. */
export interface UnseenNode {
  readonly kind: 'unseen'
  readonly count: number
  /** Where they can be, by the plan. */
  readonly steps: readonly string[]
}

/** What lies deeper than anybody wants to read. */
export interface DeepNode {
  readonly kind: 'deeper'
  readonly count: number
}
