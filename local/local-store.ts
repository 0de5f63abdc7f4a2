import { join } from 'node:path'
import type { Logger } from 'pino'
import { openMemoryStore } from '../runtime/store/memory-store.ts'
import { openSqliteStore } from '../runtime/store/sqlite-store.ts'
import type { Store } from '../runtime/store/store.ts'

/**
 * The state of a local run: in memory, or in a directory, so that a later run goes on.
 *
 * @throws {PermanentError} `StateUnusable`, `StateInUse`, `StateCorrupt` or `StateTooNew`, with what to do
 */
export function openLocalStore(directory: string | undefined, log: Logger): Store {
  const memory = openMemoryStore({
    onLetterForgotten: (total) => {
      if (total === 1)
        log.warn('the oldest dead letters are forgotten: memory keeps a bounded number; --state DIR keeps all')
    },
  })
  if (directory === undefined) return memory
  const store = openSqliteStore(join(directory, 'weir.db'))
  // Which messages of a run are pending is true only as long as the queues are there, and these are in memory.
  return { ...store, trackedRuns: memory.trackedRuns }
}
