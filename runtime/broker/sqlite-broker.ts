import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { groupCommit } from '../store/sqlite/group-commit.ts'
import { openDatabase, openingError } from '../store/sqlite/open-database.ts'
import type { EmbeddedBroker } from './embedded-broker.ts'
import { openEmbeddedBroker } from './embedded-broker.ts'
import type { PageBounds } from './sqlite/message-table.ts'
import { queueContent } from './sqlite/queue-schema.ts'
import { sqliteKeeper } from './sqlite/sqlite-keeper.ts'
import { openTrouble } from './sqlite/trouble.ts'

export interface SqliteBrokerOptions {
  readonly clock?: Clock
  /** Told of the first of several failures in a row to read or write the file; `health` tells for how long. */
  readonly onTrouble?: (error: Error) => void
  /** How long to wait for another process that is just closing. */
  readonly busyTimeoutMs?: number
  readonly page?: PageBounds
}

export const defaultPage: PageBounds = { messages: 500, bytes: 1024 * 1024 }

/**
 * Queues in a file, which is made, with its directory, when there is none: what was confirmed outlasts the process, whatever
 * ends it, and the machine. One process has it at a time. What is parked waits by the wall clock. A failure of the machine,
 * and not of the process, may forget the last acknowledgements and deliveries: these messages come again, as if for the first time.
 *
 * @throws {PermanentError} `StateUnusable`, `StateInUse`, `StateCorrupt` or `StateTooNew`, with what to do
 */
export function openSqliteBroker(
  path: string,
  { clock = systemClock, onTrouble = () => {}, busyTimeoutMs = 2000, page = defaultPage }: SqliteBrokerOptions = {},
): EmbeddedBroker {
  const database = openDatabase(path, { access: 'exclusive', busyTimeoutMs, content: queueContent })
  try {
    giveBackSpace(database)
    const commits = groupCommit(database, clock)
    const trouble = openTrouble({ path, clock, onTrouble })
    return openEmbeddedBroker({
      clock,
      openKeeper: (host) => sqliteKeeper({ database, commits, trouble, host, clock, page }),
    })
  } catch (error) {
    database.close()
    throw openingError(error, path)
  }
}

const worthwhilePages = 16_384

/** A long backlog leaves a large file behind. */
function giveBackSpace(database: DatabaseSync): void {
  const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count'])
  const free = Number(database.prepare('PRAGMA freelist_count').get()?.['freelist_count'])
  if (free > worthwhilePages && free > pages / 2) database.exec('VACUUM')
}
