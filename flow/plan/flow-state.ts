/** What a flow's edits have come to, in the form that a Flow's status has it. The living queues are the runners' work list. */
export interface FlowState {
  /** The flow's uid. */
  readonly flow: string
  readonly namespace: string
  readonly name: string
  /** The highest number that was ever given; none is used twice. */
  readonly lastRevision: number
  /** What new messages are stamped with; absent before the first activation. */
  readonly active?: number
  /** Numbered and waiting to become active; of several edits only the latest. */
  readonly pending?: PendingRevision
  /** Plans that are kept, lowest first, the active and the pending one among them. */
  readonly kept: readonly KeptRevision[]
  /** Queues that are consumed. */
  readonly living: readonly LivingStage[]
  /** Taken off the living list, on their one way out. */
  readonly retiring: readonly RetiringQueue[]
  readonly suspended: boolean
  readonly frozen: boolean
  /** Milliseconds since 1970, since when it is suspended or frozen: as long as it is, no kept plan grows old. */
  readonly stoodSince?: number
  /** The revision that the active plan is a copy of, when one is pinned. */
  readonly pinned?: number
  /** Its deletion was asked for: nothing starts any more. */
  readonly deletion?: Deletion
  /** Who consumes the retiring queues, until when at the latest. */
  readonly retirer?: Retirer
}

export interface PendingRevision {
  readonly revision: number
  readonly hash: string
  /** The queues of its plan, living ones among them. */
  readonly stages: readonly StageQueue[]
  /** Milliseconds since 1970, when its last new queue was declared and bound; absent before that. */
  readonly declaredAt?: number
  /** Why its queues may not be declared yet. */
  readonly blocked?: PendingBlock
}

/** `TooManyQueues`: the living ones and its new ones are more than a flow may have. `Suspended`: never active, so it owns no queue yet. */
export type PendingBlock = 'TooManyQueues' | 'Suspended'

export interface KeptRevision {
  readonly revision: number
  readonly hash: string
  /** Milliseconds since 1970, when another became active in its place; absent for the active and the pending one. */
  readonly activeUntil?: number
}

/** One stage's queue, and what it is declared with. */
export interface StageQueue {
  readonly queue: string
  /** The component step, or `_core`. */
  readonly step: string
  readonly pool: string
  readonly singleActiveConsumer: boolean
}

export interface LivingStage extends StageQueue {
  /** The newest kept revision whose plan has this queue and was active, or is to introduce it: what a runner learns the stage from. */
  readonly revision: number
}

export interface RetiringQueue {
  readonly queue: string
  readonly step: string
  /** Milliseconds since 1970, when it was taken off the living list. */
  readonly since: number
}

export interface Deletion {
  /** Milliseconds since 1970. */
  readonly askedAt: number
  /** What has not finished so long after that becomes dead letters. */
  readonly deadlineMs: number
}

export interface Retirer {
  readonly by: string
  /** Milliseconds since 1970. */
  readonly until: number
}
