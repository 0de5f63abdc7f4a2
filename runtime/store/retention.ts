/** How much a store keeps of what nothing rests on. */
export interface Retention {
  readonly runs: number
  readonly events: number
  /** Runs and their events. */
  readonly observedMs: number
  /** Published fires; a trigger's latest is kept for ever, since the next ones are found from it. */
  readonly firesMs: number
  /** A tracked run to which nothing was added for so long has ended: what was to end it is lost, and it must not hold up the next for ever. */
  readonly trackedMs: number
  /** A claim that was neither finished nor freed, from its taking: who had it is gone, and nobody came again. */
  readonly claimsMs: number
  /** A trial that nobody ended, from its last beginning. */
  readonly trialsMs: number
}

/** What ends with the process may not end it: beyond either bound the oldest dead letters go, and are counted. */
export interface MemoryRetention extends Retention {
  readonly deadLetters: number
  readonly deadLetterBytes: number
}

/** On disk a dead letter waits for whoever replays or drops it, for ever if need be: what goes wrong goes somewhere durable. */
export interface DiskRetention extends Retention {
  /** Dead letters that were replayed or dropped, from their death. */
  readonly settledLettersMs: number
}

/** MongoDB forgets by time alone. */
export type MongoRetention = Omit<DiskRetention, 'runs' | 'events'>

const dayMs = 86_400_000

export const memoryRetention: MemoryRetention = {
  runs: 1000,
  events: 10_000,
  observedMs: dayMs,
  firesMs: dayMs / 24,
  trackedMs: 30 * dayMs,
  claimsMs: 30 * dayMs,
  trialsMs: 30 * dayMs,
  deadLetters: 10_000,
  deadLetterBytes: 64 * 1024 * 1024,
}

export const diskRetention: DiskRetention = {
  runs: 20_000,
  events: 200_000,
  observedMs: 30 * dayMs,
  firesMs: 30 * dayMs,
  trackedMs: 30 * dayMs,
  claimsMs: 30 * dayMs,
  trialsMs: 30 * dayMs,
  settledLettersMs: 30 * dayMs,
}

export const mongoRetention: MongoRetention = {
  observedMs: 30 * dayMs,
  firesMs: 30 * dayMs,
  trackedMs: 30 * dayMs,
  claimsMs: 30 * dayMs,
  trialsMs: 30 * dayMs,
  settledLettersMs: 30 * dayMs,
}

/** Batches of observations whose ids are remembered: one that comes again does so soon. */
export const knownBatches = 10_000

/** Entries that a list without a limit gives. */
export const defaultListLimit = 1000
