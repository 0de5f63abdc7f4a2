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
  if (directory === undefined) return memoryStore(log)
  // One run at a time has the directory, by its queues; beside it people look at the state, and change it.
  return openSqliteStore(join(directory, 'weir.db'), { access: 'shared' })
}

function memoryStore(log: Logger): Store {
  return openMemoryStore({
    onLetterForgotten: (total) => {
      if (total === 1)
        log.warn('the oldest dead letters are forgotten: memory keeps a bounded number; --state DIR keeps all')
    },
  })
}
