import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import type { GroupCommit } from '../../store/sqlite/group-commit.ts'
import type { QueueDeclaration } from '../broker.ts'
import { memoryKeep } from '../memory-keep.ts'
import type { KeeperHost, MessageKeep, QueueKeeper } from '../message-keep.ts'
import type { PageBounds } from './message-table.ts'
import { messageTable } from './message-table.ts'
import { parkedTable } from './parked-table.ts'
import { numbersOf } from './queue-schema.ts'
import type { QueueTable, StoredQueue } from './queue-table.ts'
import { queueTable } from './queue-table.ts'
import { removals } from './removals.ts'
import type { SqliteKeep, SqliteKeepParts } from './sqlite-keep.ts'
import { sqliteKeep } from './sqlite-keep.ts'
import { sqliteParking } from './sqlite-parking.ts'
import type { Trouble } from './trouble.ts'
import { turnBatch } from './turn-batch.ts'

export interface SqliteKeeperParts {
  readonly database: DatabaseSync
  readonly commits: GroupCommit
  readonly trouble: Trouble
  readonly host: KeeperHost
  readonly clock: Clock
  readonly page: PageBounds
}

/** Keeps the queues of a broker in a database; those that are temporary in memory. */
export function sqliteKeeper({ database, commits, trouble, host, clock, page }: SqliteKeeperParts): QueueKeeper {
  const queues = queueTable(database)
  const messages = messageTable(database, page)
  const keeps = new Map<string, SqliteKeep>()
  const gone = removals(commits, messages.remove, trouble)
  const safe = turnBatch({ write: commits.write, trouble, onMoved: host.onMoved })
  const relaxed = turnBatch({ write: commits.writeRelaxed, trouble, onMoved: host.onMoved })
  const parking = sqliteParking({
    host,
    clock,
    commits,
    parked: parkedTable(database, page),
    batch: safe,
    trouble,
    keepOf: ({ declaration }) => keeps.get(declaration.name),
  })
  const openStored = (declaration: QueueDeclaration, onReady: () => void): MessageKeep => {
    const stored = forNewMessages({ commits, queues, messages }, storedQueue(queues, declaration))
    const batch = declaration.dropHeadAbove === undefined ? safe : relaxed
    const keep = sqliteKeep({ commits, queues, messages, page, batch, removals: gone, trouble, onReady }, stored)
    keeps.set(declaration.name, keep)
    return keep
  }
  return {
    restored: queues.all(),
    declare: (declarations) =>
      commits.write(() => {
        for (const declaration of declarations) queues.declare(declaration)
      }),
    unbind: (name) => commits.write(() => queues.unbind(name)),
    remove: (name) => {
      keeps.delete(name)
      return commits.write(() => {
        const stored = queues.find(name)
        if (stored === undefined) return
        gone.forget(numbersOf(stored.number))
        queues.remove(stored)
      })
    },
    open: (declaration, onReady) =>
      declaration.temporary === true ? memoryKeep(onReady) : openStored(declaration, onReady),
    parking,
    // What is written without being waited for drops its head, and nobody waits for that.
    underWay: safe.underWay,
    health: trouble.health,
    close: () => {
      trouble.close()
      commits.close()
    },
  }
}

function storedQueue(queues: QueueTable, declaration: QueueDeclaration): StoredQueue {
  const stored = queues.find(declaration.name)
  if (stored === undefined) throw new Error(`queue ${declaration.name} is opened before it is declared`)
  return stored
}

/** New messages get numbers that come after what is there: what was delivered before is none of them. */
function forNewMessages(
  { commits, queues, messages }: Pick<SqliteKeepParts, 'commits' | 'queues' | 'messages'>,
  stored: StoredQueue,
): StoredQueue {
  const range = numbersOf(stored.number)
  const delivered = Math.min(stored.delivered, messages.extent(range).last ?? range.first)
  if (delivered < stored.delivered) commits.writeNow(() => queues.noteDelivered(stored.number, delivered))
  return { ...stored, delivered }
}
