import type { DatabaseSync } from 'node:sqlite'
import type { WireMessage } from '../../wire/message.ts'
import type { MessageColumns, PageBounds } from './message-table.ts'
import { readPage, toMessage } from './message-table.ts'

/** The messages that wait for their time, on disk. Every method is a piece of work of a transaction. */
export interface ParkedTable {
  readonly insert: (dueAt: number, queue: string, message: WireMessage) => void
  /** Of those that are due, the first, as many as the bounds allow. */
  readonly due: (now: number) => readonly ParkedMessage[]
  readonly remove: (number: number) => void
  /** When the next is due, in milliseconds since 1970. */
  readonly nextDueAt: () => number | undefined
  readonly counts: () => ReadonlyMap<string, number>
}

export interface ParkedMessage {
  readonly number: number
  readonly queue: string
  readonly message: WireMessage
}

interface Row extends MessageColumns {
  readonly queue: string
}

export function parkedTable(database: DatabaseSync, bounds: PageBounds): ParkedTable {
  const insert = database.prepare('INSERT INTO parked (due_at, queue, id, headers, body) VALUES (?, ?, ?, ?, ?)')
  const select = database.prepare(
    `SELECT number, queue, id, headers, body FROM parked WHERE due_at <= ? ORDER BY due_at, number LIMIT ${bounds.messages}`,
  )
  const remove = database.prepare('DELETE FROM parked WHERE number = ?')
  const next = database.prepare('SELECT min(due_at) AS due_at FROM parked')
  const counts = database.prepare('SELECT queue, count(*) AS count FROM parked GROUP BY queue')
  return {
    insert: (dueAt, queue, { id, headers, body }) => void insert.run(dueAt, queue, id, JSON.stringify(headers), body),
    due: (now) =>
      readPage<Row>(select, [now], bounds.bytes).map((row) => ({
        number: row.number,
        queue: row.queue,
        message: toMessage(row),
      })),
    remove: (number) => void remove.run(number),
    nextDueAt: () => (next.get() as { due_at: number | null }).due_at ?? undefined, // the column of the statement
    counts: () => {
      const rows = counts.all() as { queue: string; count: number }[] // the columns of the statement
      return new Map(rows.map(({ queue, count }) => [queue, count]))
    },
  }
}
