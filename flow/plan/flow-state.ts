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
  /** Declared and waiting to become active; of several edits only the latest. */
  readonly pending?: PendingRevision
  /** Plans that are kept, lowest first. */
  readonly kept: readonly KeptRevision[]
  /** Queues that are consumed. */
  readonly living: readonly LivingStage[]
  /** Taken off the living list, on their one way out. */
  readonly retiring: readonly RetiringQueue[]
  readonly suspended: boolean
  readonly frozen: boolean
  /** Milliseconds since 1970, when its deletion was asked for. */
  readonly deletedAt?: number
}

export interface PendingRevision {
  readonly revision: number
  /** Milliseconds since 1970, when its last new queue was declared and bound; it may become active 3 s later. */
  readonly declaredAt: number
}

export interface KeptRevision {
  readonly revision: number
  readonly hash: string
  /** Milliseconds since 1970, when another became active in its place; absent for the active one and for one that never was. */
  readonly activeUntil?: number
}

export interface LivingStage {
  readonly queue: string
  /** The component step, or `_core`. */
  readonly step: string
  readonly pool: string
  /** The newest kept revision whose plan has this queue: what a runner learns the stage from. */
  readonly revision: number
}

export interface RetiringQueue {
  readonly queue: string
  readonly step: string
  readonly pool: string
  /** Milliseconds since 1970, when it was taken off the living list. */
  readonly since: number
}
