import type { Clock } from '../clock.ts'
import type { RecorderParts } from '../recorder/recorder.ts'
import type { RecorderMeters } from './open-metrics.ts'

export interface ObservingRecorderMeters extends RecorderMeters {
  readonly observer: Required<Pick<RecorderParts, 'onBatch' | 'onDeadLetter'>>
}

/** Counts what a recorder writes. */
export function recorderMeters(clock: Pick<Clock, 'now'>): ObservingRecorderMeters {
  const counts = { batches: 0, observations: 0, letters: 0, lagMs: 0 }
  return {
    batches: () => counts.batches,
    observations: () => counts.observations,
    letters: () => counts.letters,
    lagSeconds: () => counts.lagMs / 1000,
    observer: {
      onBatch: ({ at, count }) => {
        counts.batches += 1
        counts.observations += count
        // Of two processes whose clocks differ it may be less than nothing.
        counts.lagMs = Math.max(0, clock.now() - at)
      },
      onDeadLetter: () => {
        counts.letters += 1
      },
    },
  }
}
