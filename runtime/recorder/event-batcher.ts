import type { Logger } from 'pino'
import type { CancelTimer, Clock } from '../clock.ts'
import type { RunStore } from '../store/store.ts'
import type { Observation } from './observation-buffer.ts'
import { observationBuffer } from './observation-buffer.ts'

/** Writes observations in bulk. */
export interface EventBatcher {
  /** Cheap, and never fails: what finds no room is dropped and counted. */
  readonly observe: (observation: Observation) => void
  /** Resolves when what was observed until now is written, or the store has refused it; then it is tried again later. */
  readonly flush: () => Promise<void>
  readonly dropped: () => number
  /** Writes what is left, as far as the store takes it. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface EventBatcherParts {
  readonly store: RunStore
  readonly clock: Clock
  readonly log: Logger
}

const flushAfterMs = 200
const retryAfterMs = 1000
const batchSize = 500
const bufferSize = 10_000

export function openEventBatcher({ store, clock, log }: EventBatcherParts): EventBatcher {
  const buffer = observationBuffer()
  let dropped = 0
  let isClosed = false
  let cancelTimer: CancelTimer | undefined
  let lastFlush = Promise.resolve()

  const writeAll = async (): Promise<void> => {
    try {
      while (buffer.size() > 0) await buffer.writeBatch(store, batchSize)
    } catch (err) {
      log.warn({ err, waiting: buffer.size() }, 'observations not written, they will be tried again')
      if (!isClosed) arm(retryAfterMs)
    }
  }
  // One after the other: a batch leaves the buffer only when it is written.
  const flush = (): Promise<void> => {
    lastFlush = lastFlush.then(writeAll)
    return lastFlush
  }
  const arm = (afterMs: number): void => {
    cancelTimer ??= clock.setTimer(afterMs, () => {
      cancelTimer = undefined
      void flush()
    })
  }
  return {
    observe: (observation) => {
      if (isClosed || buffer.size() >= bufferSize) {
        dropped += 1
        return
      }
      buffer.add(observation)
      arm(flushAfterMs)
      if (buffer.size() === batchSize) void flush()
    },
    flush,
    dropped: () => dropped,
    close: async () => {
      if (isClosed) return lastFlush
      isClosed = true
      await flush()
      cancelTimer?.()
      dropped += buffer.size()
      if (dropped > 0) log.warn({ dropped }, 'observations dropped')
    },
  }
}
