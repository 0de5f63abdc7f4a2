/** How much a store keeps of what nothing rests on. */
export interface Retention {
  readonly runs: number
  readonly events: number
  /** Runs and their events. */
  readonly observedMs: number
  /** Published fires; a trigger's latest is kept for ever, since the next ones are found from it. */
  readonly firesMs: number
}

const dayMs = 86_400_000

/** For what lives in memory. */
export const shortRetention: Retention = { runs: 1000, events: 10_000, observedMs: dayMs, firesMs: dayMs / 24 }

/** For what lives on disk. */
export const longRetention: Retention = { runs: 20_000, events: 200_000, observedMs: 30 * dayMs, firesMs: 30 * dayMs }

/** Entries that a list without a limit gives. */
export const defaultListLimit = 1000
