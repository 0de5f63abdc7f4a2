import type { Condition } from './condition.ts'
import type { Code, Description, DnsLabel, HttpUrl, Timestamp } from './text.ts'

/** How a flow goes. */
export interface FlowStatus {
  /**
   * The generation of the spec that this status speaks of; -1 before the operator has seen it.
   *
   * @asType integer
   * @minimum -1
   */
  readonly observedGeneration?: number
  /**
   * `Ready`, `Reconciling`, `Stalled`, `Active` and more.
   *
   * @maxItems 16
   * @x-kubernetes-list-type map
   * @x-kubernetes-list-map-keys ["type"]
   */
  readonly conditions?: readonly Condition[]
  /**
   * The revision that new messages are stamped with.
   *
   * @asType integer
   * @minimum 1
   */
  readonly activeRevision?: number
  /**
   * The revision that `spec.revision` pins.
   *
   * @asType integer
   * @minimum 1
   */
  readonly pinnedRevision?: number
  /**
   * Messages that wait in the flow's queues.
   *
   * @asType integer
   * @minimum 0
   */
  readonly backlog?: number
  /**
   * Dead letters that nobody has replayed or dropped.
   *
   * @asType integer
   * @minimum 0
   */
  readonly deadLetters?: number
  /**
   * Where webhooks are called.
   *
   * @maxItems 32
   * @x-kubernetes-list-type map
   * @x-kubernetes-list-map-keys ["trigger"]
   */
  readonly webhooks?: readonly WebhookAddress[]
  /** When the next schedule fires. */
  readonly nextRunAt?: Timestamp
  /** When a run last started. */
  readonly lastRunAt?: Timestamp
  /** The latest message that failed for good. */
  readonly lastError?: LastError
  /** What its edits have come to: the living queues, the plans that are kept, what is being retired. Runners and operator work by it. */
  readonly state?: FlowChangeState
}

/** Where a webhook is called. */
export interface WebhookAddress {
  /** The trigger's name. */
  readonly trigger: DnsLabel
  /** The address, from outside where there is one. */
  readonly url: HttpUrl
}

/** A failure, as far as a status tells it. */
export interface LastError {
  /** What happened, in one word. */
  readonly code: Code
  /** What happened, in words. */
  readonly message: Description
  /** Where it happened. */
  readonly step?: DnsLabel
  /** When it happened. */
  readonly at: Timestamp
}

/**
 * What the edits of a flow have come to, in a compact form that programs read. Nobody but the operator writes it: revisions are numbered by it.
 *
 * @x-kubernetes-map-type atomic
 */
export interface FlowChangeState {
  /**
   * The form of what follows; 1 today.
   *
   * @asType integer
   * @minimum 1
   */
  readonly format: number
  /**
   * Counts the writes.
   *
   * @asType integer
   * @minimum 1
   */
  readonly version: number
  /**
   * The uid of the Flow that it is about, so that it is of no other one.
   *
   * @minLength 1
   * @maxLength 128
   */
  readonly flow: string
  /**
   * The highest number of a revision that was ever given.
   *
   * @asType integer
   * @minimum 0
   */
  readonly lastRevision: number
  /**
   * The revision that new messages are stamped with.
   *
   * @asType integer
   * @minimum 1
   */
  readonly active?: number
  /**
   * The revision that the active one is a copy of, when one is pinned.
   *
   * @asType integer
   * @minimum 1
   */
  readonly pinned?: number
  /** The revision that is to become active. */
  readonly pending?: PendingChange
  /** No new runs. */
  readonly suspended?: boolean
  /** No new runs, and no message moves. */
  readonly frozen?: boolean
  /** Milliseconds since 1970, since when it is suspended or frozen. */
  readonly stoodSince?: number
  /** It is being deleted. */
  readonly deletion?: ChangeDeletion
  /** Who brings the retiring queues to their end. */
  readonly retirer?: ChangeLease
  /**
   * Queues that are consumed: `STEP HASH INTRODUCED POOL REVISION`, with ` single` behind it where one consumer at a time has it.
   *
   * @maxItems 512
   * @x-kubernetes-list-type atomic
   */
  readonly living?: readonly StateLine[]
  /**
   * Queues of the pending revision: `#INDEX` of a living one, or `STEP HASH INTRODUCED POOL`, with ` single` behind it as above.
   *
   * @maxItems 512
   * @x-kubernetes-list-type atomic
   */
  readonly introducing?: readonly StateLine[]
  /**
   * Queues on their way out: `STEP HASH INTRODUCED SINCE`, in milliseconds since 1970.
   *
   * @maxItems 512
   * @x-kubernetes-list-type atomic
   */
  readonly retiring?: readonly StateLine[]
  /**
   * Plans that are kept: `REVISION HASH` of the active and the pending one, `REVISION - UNTIL` of those that were active until then.
   *
   * @maxItems 512
   * @x-kubernetes-list-type atomic
   */
  readonly kept?: readonly StateLine[]
  /**
   * In place of these four lists where they are long: base64 of their deflated JSON.
   *
   * @maxLength 32768
   */
  readonly packed?: string
}

/** @maxLength 2048 */
export type StateLine = string

/** A revision that is to become active. */
export interface PendingChange {
  /**
   * Its number.
   *
   * @asType integer
   * @minimum 1
   */
  readonly revision: number
  /**
   * The hash of its plan.
   *
   * @maxLength 128
   */
  readonly hash: string
  /** Milliseconds since 1970, when its last new queue was declared. */
  readonly declaredAt?: number
  /**
   * Why its queues may not be declared yet.
   *
   * @maxLength 64
   */
  readonly blocked?: string
}

/** A deletion that was asked for. */
export interface ChangeDeletion {
  /** Milliseconds since 1970. */
  readonly askedAt: number
  /** What has not finished so many milliseconds later becomes dead letters. */
  readonly deadlineMs: number
}

/** Who does something, until when at the latest. */
export interface ChangeLease {
  /**
   * A process.
   *
   * @maxLength 128
   */
  readonly by: string
  /** Milliseconds since 1970. */
  readonly until: number
}
