import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import type { AttemptFailure } from '../wire/body.ts'
import type { MessageHeaders } from '../wire/message.ts'
import type { MemberStore } from './member-store.ts'
import type { RateBudgetStore } from './rate-budget-store.ts'
import type { TrialStore } from './trial-store.ts'

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
  readonly flows: FlowStateStore
  readonly blobs: BlobStore
  readonly trials: TrialStore
  readonly rateBudgets: RateBudgetStore
  readonly members: MemberStore
  /** Whether it can work now; cheap. */
  readonly health: () => StoreHealth
  /** Safe to repeat. */
  readonly close: () => Promise<void>
}

export type StoreHealth =
  | { readonly kind: 'ready' }
  /** `reason` names the server and what to do, never a password; `since` in milliseconds since 1970. */
  | { readonly kind: 'unreachable'; readonly since: number; readonly reason: string }

export interface SnapshotStore {
  /**
   * Takes the snapshot over: a new epoch, after which writers of an older one get `conflict`. A queue's first one begins as a copy
   * of what was last written under the same owner, by whatever queue; without any, its value is undefined.
   */
  readonly open: (queue: string, inherit?: SnapshotOwner) => Promise<SnapshotState>
  /** Written, the version is one higher; the epoch stays. */
  readonly write: (queue: string, fence: SnapshotFence, next: SnapshotWrite) => Promise<'written' | 'conflict'>
  /** Without taking it over. */
  readonly read: (queue: string) => Promise<SnapshotState | undefined>
  /** The queues of a flow that have a snapshot, by the name's first part, the flow's uid. */
  readonly queues: (flow: string) => Promise<readonly string[]>
  /** Of a flow that is gone, those of all its queues: a late write is a conflict. Safe to repeat. */
  readonly remove: (flow: string) => Promise<void>
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
  /** Milliseconds since 1970, both included. */
  readonly diedFrom?: number
  readonly diedTo?: number
  readonly limit?: number
}

export interface DeadLetterStore {
  /** Upsert by (id, step, replay); one in a terminal state (replayed, dropped) stays as it is. */
  readonly put: (letter: DeadLetter) => Promise<void>
  readonly get: (key: DeadLetterKey) => Promise<DeadLetter | undefined>
  /** Newest first; at most 1,000 without a limit: how many there are, `count` says. */
  readonly list: (filter: DeadLetterFilter) => Promise<readonly DeadLetter[]>
  readonly count: (filter: Omit<DeadLetterFilter, 'limit'>) => Promise<number>
  /** As `list`, without a limit of its own and without holding all of them at once. */
  readonly scan: (filter: DeadLetterFilter) => AsyncIterable<DeadLetter>
  /** True for the one caller that brings it from `dead` to a terminal state. */
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
  /**
   * The message that gave it; absent in what a trigger gave. The message's own id where it ended behind the step that it was
   * delivered for, under no id of its own: a part of it that was filtered or discarded there.
   */
  readonly parentId?: string
  readonly attempt: number
  readonly kind: 'settled' | 'diverted' | 'retried' | 'dead' | 'discarded' | 'waiting' | 'filtered'
  readonly emitted: number
  /** How many messages name it as their parent; absent where they are as many as it emitted. */
  readonly children?: number
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
  /** A run that is known stays as it is. */
  readonly addRuns: (runs: readonly Run[]) => Promise<void>
  readonly addEvents: (events: readonly StepEvent[]) => Promise<void>
  /**
   * As a recorder gets them. The same batch again adds nothing: it comes again when its acknowledgement was lost.
   *
   * @throws {PermanentError} when one of them cannot be taken, as `MalformedBatch` where it is opened; of the others all may be written, or none
   */
  readonly addBatches: (batches: readonly ObservationBatch[]) => Promise<void>
  readonly get: (id: string) => Promise<Run | undefined>
  /** Newest first; at most 1,000 without a limit. Adapters keep a bounded number, for a bounded time. */
  readonly list: (filter: RunFilter) => Promise<readonly Run[]>
  /** Adds to the count of observations that found no room anywhere, which `dropped` gives: since the store began. */
  readonly addDropped: (count: number) => Promise<void>
  readonly dropped: () => Promise<number>
  /** Oldest first; of more than the limit the oldest, as far as the adapter can tell without reading all. */
  readonly events: (run: string, limit?: number) => Promise<readonly StepEvent[]>
}

/** Runs and events as one piece; `readObservations` opens it, and `runKey` gives the key of a run. */
export interface ObservationBatch {
  readonly id: string
  /** Milliseconds since 1970, when it was closed. */
  readonly at: number
  /** Of the runs that it speaks of, each once; two runs may share a key. */
  readonly runKeys: readonly number[]
  /** Of which it holds runs' beginnings; with the start of the newest of these. */
  readonly flows: readonly string[]
  readonly lastStartedAt?: number
  readonly bytes: Buffer
}

export interface RunFilter {
  readonly flow?: string
  readonly namespace?: string
  /** Milliseconds since 1970, included. */
  readonly startedFrom?: number
  readonly limit?: number
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
  /** Of a flow that is gone, all of them, the latest times too. Safe to repeat. */
  readonly remove: (flow: string) => Promise<void>
}

/**
 * Who works, or has worked, on a thing that must have one effect. A higher replay takes a claim over, and a higher attempt
 * of the same copy; the attempts of another copy say nothing about this one.
 */
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
  /**
   * Atomically: takes it when it is free, was done `windowMs` ago or longer, or may be taken over; otherwise gives the holder's,
   * which may be the caller's own of an earlier delivery.
   */
  readonly take: (
    key: string,
    claim: Pick<Claim, 'replay' | 'attempt' | 'copy'>,
    options: { readonly nowMs: number; readonly windowMs: number },
  ) => Promise<{ readonly kind: 'taken' } | { readonly kind: 'held'; readonly claim: Claim }>
  /** Does nothing when another has taken it over. */
  readonly done: (key: string, claim: Pick<Claim, 'replay' | 'attempt' | 'copy'>, nowMs: number) => Promise<void>
  /** Frees what is held and not done; does nothing when another has taken it over. */
  readonly release: (key: string, claim: Pick<Claim, 'replay' | 'attempt' | 'copy'>) => Promise<void>
}

export interface PlanStore {
  /**
   * Safe to repeat.
   *
   * @throws {PermanentError} `RevisionTaken` when the number stands for a plan with another hash
   */
  readonly put: (plan: Plan) => Promise<void>
  readonly get: (flow: string, revision: number) => Promise<Plan | undefined>
  /** The highest revision of a flow. */
  readonly latest: (flow: string) => Promise<Plan | undefined>
  /** The revisions of a flow that are kept, lowest first. */
  readonly revisions: (flow: string) => Promise<readonly number[]>
  /** One that is gone is no error. */
  readonly remove: (flow: string, revision: number) => Promise<void>
}

/** Which messages of a run are still pending; a run without any has ended. */
export interface TrackedRunStore {
  /** Safe to repeat, as `remove` is. */
  readonly add: (flow: string, run: string, ids: readonly string[]) => Promise<void>
  readonly remove: (flow: string, run: string, id: string) => Promise<void>
  /** Runs of the flow with something pending. */
  readonly active: (flow: string) => Promise<readonly string[]>
}

/** What a flow's change has come to, written with a fence: of two that read the same version one fails. */
export interface FlowStateStore {
  readonly get: (flow: string) => Promise<VersionedFlowState | undefined>
  /** `before` is the version that was read, 0 where there was none; written, it is one higher. */
  readonly put: (state: FlowState, before: number) => Promise<'written' | 'conflict'>
  readonly list: () => Promise<readonly VersionedFlowState[]>
  /** One that is gone is `removed`. */
  readonly remove: (flow: string, before: number) => Promise<'removed' | 'conflict'>
}

export interface VersionedFlowState {
  readonly state: FlowState
  readonly version: number
}

/** Bodies that are too large for a queue, by the hash of their content. */
export interface BlobStore {
  /** Safe to repeat; keeps it at least until the instant, in milliseconds since 1970, or longer where it was so kept before. */
  readonly put: (id: string, bytes: Buffer, keepUntil: number) => Promise<void>
  /** Undefined means gone for good. */
  readonly get: (id: string) => Promise<Buffer | undefined>
}
