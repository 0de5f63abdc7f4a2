import type { Logger } from 'pino'
import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { PlanSource } from '../plan-source.ts'
import type { Tracer } from '../runner/runner-parts.ts'
import type { FireStore, Run, TrackedRunStore } from '../store/store.ts'
import type { Gate } from '../trigger/gate.ts'
import type { CronBook } from './cron-times.ts'
import type { OneByOne } from './one-by-one.ts'

/** All that a scheduler stands on. */
export interface SchedulerParts {
  readonly plans: PlanSource
  readonly store: { readonly fires: FireStore; readonly trackedRuns: TrackedRunStore }
  readonly broker: Pick<Broker, 'publish' | 'depth'>
  readonly clock: Clock
  readonly log: Logger
  /** Whether a poll may add to its queue; without one it always may. */
  readonly gate?: Gate
  /** Told of each run that was started. Must not throw. */
  readonly onRun?: (run: Run) => void
  /** Where traces go; each fire begins one. */
  readonly tracer?: Tracer
}

/** Counts since the scheduler was opened. */
export interface SchedulerStats {
  started: number
  /** Published again, because the first try had no certain end. */
  repeated: number
  /** Left out by `overlap: forbid`, or because a poll still ran. */
  overlapped: number
  /** Left out by `missed` or `startingDeadlineSeconds`; at least this many. */
  missed: number
  /** Their trigger or flow was gone. */
  discarded: number
  /** A poll was due and its queue was full. */
  heldBack: number
}

export interface NextFire {
  readonly flow: string
  readonly trigger: string
  readonly at: number
}

/** What the parts of one scheduler share. */
export interface SchedulerCore extends SchedulerParts {
  readonly cron: CronBook
  readonly stats: SchedulerStats
  readonly signal: AbortSignal
  /** Tasks of one flow, one after the other: with overlap forbidden each has to see the one before. */
  readonly oneByOne: OneByOne
  /** Fires that are being published now, by run: nobody else is to publish them again meanwhile. */
  readonly inFlight: Set<string>
}

/** What fires: a schedule of a flow, or a poll or listen. */
export interface Source {
  /** When it wants to be called; undefined: not by itself. */
  readonly dueAt: () => number | undefined
  /** Called when it is due. What it starts goes on by itself; it resolves when that is over and never rejects. */
  readonly onDue: (now: number) => Promise<void>
  /** The clock was set back: what was planned for later may be due earlier. */
  readonly replan: (now: number) => void
  /** Of a poll: the delivery that its fire caused is settled, and gave so many messages. */
  readonly settled?: (run: string, emitted: number) => void
}
