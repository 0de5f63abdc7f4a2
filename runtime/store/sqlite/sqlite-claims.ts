import type { DatabaseSync } from 'node:sqlite'
import { isFree } from '../claim-rule.ts'
import type { Retention } from '../retention.ts'
import type { Claim, ClaimStore } from '../store.ts'
import type { GroupCommit } from './group-commit.ts'

type Row = Omit<Claim, 'doneAt'> & { readonly doneAt: number | null }

const isHeldBy = 'key = ? AND replay = ? AND attempt = ? AND copy = ?'

export function sqliteClaims(
  database: DatabaseSync,
  { write }: GroupCommit,
  { retention: { claimsMs } }: { readonly retention: Retention },
): ClaimStore {
  const select = database.prepare(
    'SELECT replay, attempt, copy, state, claimed_at AS claimedAt, done_at AS doneAt FROM claims WHERE key = ?',
  )
  const replace = database.prepare(
    `INSERT OR REPLACE INTO claims (key, replay, attempt, copy, state, claimed_at, window_ms)
     VALUES (?, ?, ?, ?, 'started', ?, ?)`,
  )
  const finish = database.prepare(
    `UPDATE claims SET state = 'done', done_at = ? WHERE ${isHeldBy} AND state = 'started'`,
  )
  const free = database.prepare(`DELETE FROM claims WHERE ${isHeldBy} AND state = 'started'`)
  const forget = database.prepare('DELETE FROM claims WHERE expires_at <= ?')
  const forgetAbandoned = database.prepare(`DELETE FROM claims WHERE state = 'started' AND claimed_at <= ?`)
  const holderOf = (key: string): Claim | undefined => {
    const row = select.get(key) as Row | undefined // the columns of the statement
    if (row === undefined) return undefined
    const { doneAt, ...claim } = row
    return doneAt === null ? claim : { ...claim, doneAt }
  }
  return {
    take: (key, owner, options) =>
      write(() => {
        forget.run(options.nowMs)
        forgetAbandoned.run(options.nowMs - claimsMs)
        const claim = holderOf(key)
        if (claim !== undefined && !isFree(claim, owner, options)) return { kind: 'held', claim }
        replace.run(key, owner.replay, owner.attempt, owner.copy, options.nowMs, options.windowMs)
        return { kind: 'taken' }
      }),
    done: (key, { replay, attempt, copy }, nowMs) => write(() => void finish.run(nowMs, key, replay, attempt, copy)),
    release: (key, { replay, attempt, copy }) => write(() => void free.run(key, replay, attempt, copy)),
  }
}
