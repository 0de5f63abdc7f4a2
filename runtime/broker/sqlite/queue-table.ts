import type { DatabaseSync } from 'node:sqlite'
import { PermanentError } from '../../error.ts'
import type { QueueDeclaration } from '../broker.ts'
import { mostQueues, numbersOf } from './queue-schema.ts'

/** The queues on disk. Every method is a piece of work of a transaction. */
export interface QueueTable {
  readonly all: () => readonly StoredQueue[]
  readonly find: (name: string) => StoredQueue | undefined
  /** Adds it, or binds it again. */
  readonly declare: (declaration: QueueDeclaration) => void
  readonly unbind: (name: string) => void
  readonly remove: (queue: StoredQueue) => void
  /** Its messages up to this number may have been delivered. */
  readonly noteDelivered: (queue: number, upTo: number) => void
}

export interface StoredQueue {
  readonly number: number
  readonly declaration: QueueDeclaration
  readonly isBound: boolean
  /** Messages up to this number may have been delivered. */
  readonly delivered: number
}

interface Row {
  readonly number: number
  readonly name: string
  readonly single_active: number
  readonly drop_head_above: number | null
  readonly is_bound: number
  readonly delivered: number
}

export function queueTable(database: DatabaseSync): QueueTable {
  const selectAll = database.prepare('SELECT * FROM queues ORDER BY number')
  const select = database.prepare('SELECT * FROM queues WHERE name = ?')
  // The lowest that is free.
  const free = database.prepare(
    `SELECT min(number) + 1 AS number FROM queues AS one
     WHERE NOT EXISTS (SELECT 1 FROM queues AS next WHERE next.number = one.number + 1)`,
  )
  const insert = database.prepare(
    'INSERT INTO queues (number, name, single_active, drop_head_above, is_bound) VALUES (?, ?, ?, ?, 1)',
  )
  const bind = database.prepare('UPDATE queues SET is_bound = ? WHERE name = ?')
  const forget = database.prepare('DELETE FROM queues WHERE number = ?')
  const forgetMessages = database.prepare('DELETE FROM messages WHERE number BETWEEN ? AND ?')
  const note = database.prepare('UPDATE queues SET delivered = ? WHERE number = ?')
  const find = (name: string): StoredQueue | undefined => {
    const row = select.get(name) as Row | undefined // the columns of the table
    return row && toQueue(row)
  }
  return {
    all: () => (selectAll.all() as unknown as Row[]).map(toQueue), // the columns of the table
    find,
    declare: ({ name, singleActiveConsumer = false, dropHeadAbove = null }) => {
      if (find(name) !== undefined) return void bind.run(1, name)
      const number = Number(free.get()?.['number'])
      if (number > mostQueues) throw new PermanentError('TooManyQueues', `there are ${mostQueues} queues already`)
      insert.run(number, name, Number(singleActiveConsumer), dropHeadAbove)
    },
    unbind: (name) => void bind.run(0, name),
    remove: ({ number }) => {
      const { first, last } = numbersOf(number)
      forgetMessages.run(first, last)
      forget.run(number)
    },
    noteDelivered: (queue, upTo) => void note.run(upTo, queue),
  }
}

function toQueue(row: Row): StoredQueue {
  return {
    number: row.number,
    declaration: {
      name: row.name,
      ...(row.single_active === 1 && { singleActiveConsumer: true }),
      ...(row.drop_head_above !== null && { dropHeadAbove: row.drop_head_above }),
    },
    isBound: row.is_bound === 1,
    delivered: row.delivered,
  }
}
