import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import type { DiskRetention } from '../retention.ts'
import { defaultListLimit } from '../retention.ts'
import type { DeadLetter, DeadLetterFilter, DeadLetterStore } from '../store.ts'
import type { GroupCommit } from './group-commit.ts'

interface Row {
  readonly record: string
  readonly state: DeadLetter['state']
  readonly body: Uint8Array
}

/** Where a letter stands in the list. */
interface Place {
  readonly diedAt: number
  readonly number: number
}

type ListedRow = Row & Place

const keyIs = 'id = ? AND step = ? AND replay = ?'
const filters = ['flow', 'step', 'code', 'run', 'state'] as const

/** Letters of up to 10 MB each are held at a time by a scan. */
const scannedAtATime = 20

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
  const pageOf = pages(database)
  const countOf = counts(database)
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
    list: (filter) => read(() => pageOf(filter, beforeAll(filter), filter.limit ?? defaultListLimit).map(toLetter)),
    count: (filter) => read(() => countOf(filter)),
    scan: async function* (filter) {
      let behind = beforeAll(filter)
      let remaining = filter.limit ?? Number.POSITIVE_INFINITY
      while (remaining > 0) {
        const limit = Math.min(remaining, scannedAtATime)
        const from = behind
        const rows = await read(() => pageOf(filter, from, limit))
        yield* rows.map(toLetter)
        behind = rows.at(-1) ?? behind
        remaining = rows.length < limit ? 0 : remaining - limit
      }
    },
    mark: ({ id, step, replay }, state) => write(() => mark.run(state, id, step, replay).changes === 1),
  }
}

function counts(database: DatabaseSync): (filter: Omit<DeadLetterFilter, 'limit'>) => number {
  const count = database.prepare(
    `SELECT count(*) AS count FROM dead_letters
     WHERE ${filters.map((field, at) => `(?${at + 1} IS NULL OR ${field} = ?${at + 1})`).join(' AND ')}
       AND died_at >= ?6 AND died_at <= ?7`,
  )
  return (filter) => {
    const wanted = filters.map((field) => filter[field] ?? null)
    const found = count.get(...wanted, filter.diedFrom ?? -Number.MAX_VALUE, filter.diedTo ?? Number.MAX_VALUE)
    return Number(found?.['count'])
  }
}

/** Reads what comes behind a place in the list. */
function pages(database: DatabaseSync): (filter: DeadLetterFilter, behind: Place, limit: number) => ListedRow[] {
  const page = database.prepare(
    `SELECT number, died_at AS diedAt, record, state, body FROM dead_letters
     WHERE ${filters.map((field, at) => `(?${at + 1} IS NULL OR ${field} = ?${at + 1})`).join(' AND ')}
       AND died_at >= ?6 AND died_at <= ?7 AND (died_at < ?7 OR number < ?8)
     ORDER BY died_at DESC, number DESC LIMIT ?9`,
  )
  return (filter, behind, limit) => {
    const wanted = filters.map((field) => filter[field] ?? null)
    const bounds = [filter.diedFrom ?? -Number.MAX_VALUE, behind.diedAt, behind.number, limit]
    return page.all(...wanted, ...bounds) as unknown as ListedRow[] // the columns of the statement
  }
}

function beforeAll({ diedTo = Number.MAX_VALUE }: DeadLetterFilter): Place {
  return { diedAt: diedTo, number: Number.MAX_SAFE_INTEGER }
}

function toLetter({ record, state, body }: Row): DeadLetter {
  return { ...(JSON.parse(record) as Omit<DeadLetter, 'state' | 'body'>), state, body: Buffer.from(body) } // as put
}
