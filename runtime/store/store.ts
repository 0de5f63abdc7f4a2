import type { Plan } from '../../flow/plan/plan.ts'
import type { AttemptFailure } from '../wire/body.ts'
import type { MessageHeaders } from '../wire/message.ts'

/**
 * The state beside the queues. Adapters (memory, SQLite, MongoDB) pass the same conformance suite.
 * Who may have been replaced writes with a fence: an epoch, a version or a claim.
 */
export interface Store {
  readonly snapshots: SnapshotStore
  readonly deadLetters: DeadLetterStore
  readonly runs: RunStore
  readonly fires: FireStore
  readonly claims: ClaimStore
  readonly plans: PlanStore
  readonly trackedRuns: TrackedRunStore
  /** Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface SnapshotStore {
  /** Takes the snapshot over: a new epoch, after which writers of an older one get `conflict`. `inherit` gives a new queue its beginning. */
  readonly open: (queue: string, inherit?: SnapshotOwner) => Promise<SnapshotState>
  readonly write: (queue: string, fence: SnapshotFence, next: SnapshotWrite) => Promise<'written' | 'conflict'>
  /** Without taking it over. */
  readonly read: (queue: string) => Promise<SnapshotState | undefined>
}

export interface SnapshotOwner {
  readonly flow: string
  readonly step: string
  readonly component: string
  readonly function: string
}

export interface SnapshotFence {
  readonly epoch: number
  readonly version: number
}

export interface SnapshotWrite {
  readonly value: unknown
  /** Ids of the last 256 settled messages, oldest first. */
  readonly settled: readonly string[]
}

export interface SnapshotState extends SnapshotFence, SnapshotWrite {}

/** A message that has used up its attempts, with its error and all that replaying it takes. */
export interface DeadLetter {
  readonly id: string
  readonly namespace: string
  readonly flow: string
  readonly step: string
  readonly run: string
  readonly revision: number
  readonly code: string
  readonly message: string
  readonly attempts: number
  readonly failures: readonly AttemptFailure[]
  readonly headers: MessageHeaders
  readonly body: Uint8Array
  /** Milliseconds since 1970. */
  readonly diedAt: number
  /** 0 for the original, then the number of the replay. */
  readonly replay: number
  readonly state: 'dead' | 'replayed' | 'dropped'
}

export interface DeadLetterFilter {
  readonly flow?: string
  readonly step?: string
  readonly code?: string
  readonly run?: string
  readonly state?: DeadLetter['state']
  readonly limit?: number
}

export interface DeadLetterStore {
  /** Upsert by (id, step, replay); a terminal state (replayed, dropped) is never undone. */
  readonly put: (letter: DeadLetter) => Promise<void>
  readonly get: (key: DeadLetterKey) => Promise<DeadLetter | undefined>
  /** Newest first. */
  readonly list: (filter: DeadLetterFilter) => Promise<readonly DeadLetter[]>
  readonly mark: (key: DeadLetterKey, state: 'replayed' | 'dropped') => Promise<boolean>
}

export interface DeadLetterKey {
  readonly id: string
  readonly step: string
  readonly replay: number
}

/** One thing that happened to a message, written in bulk and lossy on purpose: nothing gates on it. */
export interface StepEvent {
  readonly namespace: string
  readonly flow: string
  readonly run: string
  readonly step: string
  readonly messageId: string
  readonly parentId?: string
  readonly attempt: number
  readonly kind: 'settled' | 'retried' | 'dead' | 'discarded' | 'waiting' | 'filtered'
  readonly emitted: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly durationMs: number
  readonly code?: string
  readonly error?: string
}

export interface Run {
  readonly namespace: string
  readonly flow: string
  readonly id: string
  readonly trigger: string
  readonly revision: number
  /** Milliseconds since 1970. */
  readonly startedAt: number
}

export interface RunStore {
  readonly addRuns: (runs: readonly Run[]) => Promise<void>
  readonly addEvents: (events: readonly StepEvent[]) => Promise<void>
  /** One run by its id, for its status URL. */
  readonly get: (id: string) => Promise<Run | undefined>
  /** Newest first. */
  readonly list: (filter: { readonly flow?: string; readonly limit?: number }) => Promise<readonly Run[]>
  readonly events: (run: string) => Promise<readonly StepEvent[]>
}

/** One due time of a schedule, under the unique key (flow, trigger, at). */
export interface Fire {
  readonly flow: string
  readonly trigger: string
  /** Scheduled time, milliseconds since 1970. */
  readonly at: number
  readonly revision: number
}

export interface FireStore {
  /** False when the fire is known already. It starts in state `due`. */
  readonly insert: (fire: Fire) => Promise<boolean>
  readonly markPublished: (fire: Fire) => Promise<void>
  /** Still `due` and scheduled before the instant, oldest first. */
  readonly due: (before: number) => Promise<readonly Fire[]>
  /** The latest scheduled time known, published or due. */
  readonly latest: (flow: string, trigger: string) => Promise<number | undefined>
}

/** Who works, or has worked, on a thing that must have one effect. A higher replay or attempt takes a claim over. */
export interface Claim {
  readonly replay: number
  readonly attempt: number
  readonly copy: string
  readonly state: 'started' | 'done'
  /** Milliseconds since 1970. */
  readonly claimedAt: number
  readonly doneAt?: number
}

export interface ClaimStore {
  /** Atomically: takes it when free, expired, or held by a lower replay or attempt; otherwise gives the holder's. */
  readonly take: (
    key: string,
    claim: Pick<Claim, 'replay' | 'attempt' | 'copy'>,
    options: { readonly nowMs: number; readonly windowMs: number },
  ) => Promise<{ readonly kind: 'taken' } | { readonly kind: 'held'; readonly claim: Claim }>
  readonly done: (key: string, claim: Pick<Claim, 'replay' | 'attempt' | 'copy'>, nowMs: number) => Promise<void>
  readonly release: (key: string, claim: Pick<Claim, 'replay' | 'attempt' | 'copy'>) => Promise<void>
}

export interface PlanStore {
  readonly put: (plan: Plan) => Promise<void>
  readonly get: (flow: string, revision: number) => Promise<Plan | undefined>
  /** The highest revision of a flow. */
  readonly latest: (flow: string) => Promise<Plan | undefined>
}

/** Which messages of a run are still pending; a run without any has ended. */
export interface TrackedRunStore {
  readonly add: (flow: string, run: string, ids: readonly string[]) => Promise<void>
  readonly remove: (flow: string, run: string, id: string) => Promise<void>
  /** Runs of the flow with something pending. */
  readonly active: (flow: string) => Promise<readonly string[]>
}
