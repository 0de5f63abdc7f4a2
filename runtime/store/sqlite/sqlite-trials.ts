import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import type { Retention } from '../retention.ts'
import type { TrialStore } from '../trial-store.ts'
import type { GroupCommit } from './group-commit.ts'

export function sqliteTrials(
  database: DatabaseSync,
  { write }: GroupCommit,
  { clock, retention }: { readonly clock: Clock; readonly retention: Retention },
): TrialStore {
  const begin = database.prepare(
    `INSERT INTO trials (key, count, begun_at) VALUES (?, 1, ?)
     ON CONFLICT (key) DO UPDATE SET count = count + 1, begun_at = excluded.begun_at RETURNING count`,
  )
  const end = database.prepare('DELETE FROM trials WHERE key = ?')
  const forget = database.prepare('DELETE FROM trials WHERE begun_at < ?')
  return {
    begin: (key) =>
      write(() => {
        forget.run(clock.now() - retention.trialsMs)
        return (begin.get(key, clock.now()) as { readonly count: number }).count // an upsert returns its row
      }),
    end: (key) => write(() => void end.run(key)),
  }
}
