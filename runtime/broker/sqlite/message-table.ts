import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { MessageHeaders, WireMessage } from '../../wire/message.ts'
import type { NumberRange } from './queue-schema.ts'

/** The messages that are ready, on disk. Every method is a piece of work of a transaction. */
export interface MessageTable {
  readonly insert: (number: number, message: WireMessage) => void
  /** The first of the range, as many as the bounds allow. */
  readonly page: (range: NumberRange) => readonly StoredMessage[]
  readonly remove: (range: NumberRange) => void
  readonly noteDeliveries: (number: number, deliveries: number) => void
  readonly extent: (range: NumberRange) => { readonly count: number; readonly last: number | undefined }
}

export interface StoredMessage {
  readonly number: number
  readonly message: WireMessage
  /** More than one delivery is written down here; of fewer, the queue knows. */
  readonly deliveries: number
}

/** How much of a backlog is in memory at a time, for each queue that is consumed; one message more than the bytes allow. */
export interface PageBounds {
  readonly messages: number
  readonly bytes: number
}

export interface MessageColumns {
  readonly number: number
  readonly id: string
  readonly headers: string
  readonly body: Uint8Array
}

interface Row extends MessageColumns {
  readonly deliveries: number
}

export function messageTable(database: DatabaseSync, bounds: PageBounds): MessageTable {
  const insert = database.prepare('INSERT INTO messages (number, id, headers, body) VALUES (?, ?, ?, ?)')
  const select = database.prepare(
    `SELECT * FROM messages WHERE number BETWEEN ? AND ? ORDER BY number LIMIT ${bounds.messages}`,
  )
  const remove = database.prepare('DELETE FROM messages WHERE number BETWEEN ? AND ?')
  const note = database.prepare('UPDATE messages SET deliveries = ? WHERE number = ?')
  const extent = database.prepare(
    'SELECT count(*) AS count, max(number) AS last FROM messages WHERE number BETWEEN ? AND ?',
  )
  return {
    insert: (number, { id, headers, body }) => void insert.run(number, id, JSON.stringify(headers), body),
    page: ({ first, last }) =>
      readPage<Row>(select, [first, last], bounds.bytes).map((row) => ({
        number: row.number,
        deliveries: row.deliveries,
        message: toMessage(row),
      })),
    remove: ({ first, last }) => void remove.run(first, last),
    noteDeliveries: (number, deliveries) => void note.run(deliveries, number),
    extent: ({ first, last }) => {
      const row = extent.get(first, last) as { count: number; last: number | null } // the columns of the statement
      return { count: row.count, last: row.last ?? undefined }
    },
  }
}

/** At least one row, where there is one. */
export function readPage<Row extends MessageColumns>(
  statement: StatementSync,
  values: readonly number[],
  mostBytes: number,
): Row[] {
  const rows: Row[] = []
  let bytes = 0
  for (const row of statement.iterate(...values) as unknown as Iterable<Row>) {
    rows.push(row)
    bytes += row.body.byteLength
    if (bytes >= mostBytes) break
  }
  return rows
}

export function toMessage({ id, headers, body }: MessageColumns): WireMessage {
  return {
    id,
    headers: JSON.parse(headers) as MessageHeaders, // as inserted
    body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
  }
}
