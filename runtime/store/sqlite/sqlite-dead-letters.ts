import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import type { DiskRetention } from '../retention.ts'
import { defaultListLimit } from '../retention.ts'
import type { DeadLetter, DeadLetterStore } from '../store.ts'
import type { GroupCommit } from './group-commit.ts'

interface Row {
  readonly record: string
  readonly state: DeadLetter['state']
  readonly body: Uint8Array
}

const keyIs = 'id = ? AND step = ? AND replay = ?'
const filters = ['flow', 'step', 'code', 'run', 'state'] as const

export function sqliteDeadLetters(
  database: DatabaseSync,
  { read, write }: GroupCommit,
  { clock, retention }: { readonly clock: Clock; readonly retention: DiskRetention },
): DeadLetterStore {
  const upsert = database.prepare(
    `INSERT INTO dead_letters (id, step, replay, flow, code, run, state, died_at, record, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id, step, replay) DO UPDATE SET flow = excluded.flow, code = excluded.code, run = excluded.run,
       state = excluded.state, died_at = excluded.died_at, record = excluded.record, body = excluded.body
     WHERE dead_letters.state = 'dead'`,
  )
  const select = database.prepare(`SELECT record, state, body FROM dead_letters WHERE ${keyIs}`)
  const mark = database.prepare(`UPDATE dead_letters SET state = ? WHERE ${keyIs} AND state = 'dead'`)
  const forget = database.prepare(`DELETE FROM dead_letters WHERE state <> 'dead' AND died_at < ?`)
  const list = database.prepare(
    `SELECT record, state, body FROM dead_letters
     WHERE ${filters.map((field) => `(?${filters.indexOf(field) + 1} IS NULL OR ${field} = ?${filters.indexOf(field) + 1})`).join(' AND ')}
     ORDER BY died_at DESC, number DESC LIMIT ?${filters.length + 1}`,
  )
  return {
    put: ({ body, state, ...record }) =>
      write(() => {
        const { id, step, replay, flow, code, run, diedAt } = record
        upsert.run(id, step, replay, flow, code, run, state, diedAt, JSON.stringify(record), body)
        forget.run(clock.now() - retention.settledLettersMs)
      }),
    get: ({ id, step, replay }) =>
      read(() => {
        const row = select.get(id, step, replay) as Row | undefined // the columns of the statement
        return row && toLetter(row)
      }),
    list: (filter) =>
      read(() => {
        const wanted = filters.map((field) => filter[field] ?? null)
        const rows = list.all(...wanted, filter.limit ?? defaultListLimit) as unknown as Row[] // the columns of the statement
        return rows.map(toLetter)
      }),
    mark: ({ id, step, replay }, state) => write(() => mark.run(state, id, step, replay).changes === 1),
  }
}

function toLetter({ record, state, body }: Row): DeadLetter {
  return { ...(JSON.parse(record) as Omit<DeadLetter, 'state' | 'body'>), state, body: Buffer.from(body) } // as put
}
