import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import type { Retention } from '../retention.ts'
import type { Fire, FireStore } from '../store.ts'
import type { GroupCommit } from './group-commit.ts'

export function sqliteFires(
  database: DatabaseSync,
  { read, write }: GroupCommit,
  { clock, retention }: { readonly clock: Clock; readonly retention: Retention },
): FireStore {
  const insert = database.prepare(
    `INSERT INTO fires (flow, trigger_name, at, revision, state) VALUES (?, ?, ?, ?, 'due') ON CONFLICT DO NOTHING`,
  )
  const publish = database.prepare(
    `UPDATE fires SET state = 'published' WHERE flow = ? AND trigger_name = ? AND at = ?`,
  )
  const selectDue = database.prepare(
    `SELECT flow, trigger_name AS "trigger", at, revision FROM fires WHERE state = 'due' AND at < ? ORDER BY at`,
  )
  const selectLatest = database.prepare('SELECT max(at) AS at FROM fires WHERE flow = ? AND trigger_name = ?')
  const forget = database.prepare(
    `DELETE FROM fires WHERE flow = ?1 AND trigger_name = ?2 AND at < ?3 AND state = 'published'
       AND at < (SELECT max(at) FROM fires WHERE flow = ?1 AND trigger_name = ?2)`,
  )
  const remove = database.prepare('DELETE FROM fires WHERE flow = ?')
  return {
    insert: ({ flow, trigger, at, revision }) =>
      write(() => {
        const isNew = insert.run(flow, trigger, at, revision).changes === 1
        if (isNew) forget.run(flow, trigger, clock.now() - retention.firesMs)
        return isNew
      }),
    markPublished: ({ flow, trigger, at }) => write(() => void publish.run(flow, trigger, at)),
    due: (before) => read(() => selectDue.all(before).map((row) => ({ ...row }) as unknown as Fire)), // the columns of the statement
    latest: (flow, trigger) =>
      read(() => (selectLatest.get(flow, trigger) as { readonly at: number | null }).at ?? undefined), // an aggregate has a row
    remove: (flow) => write(() => void remove.run(flow)),
  }
}
