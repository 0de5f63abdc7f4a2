import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import type { Retention } from '../retention.ts'
import type { TrackedRunStore } from '../store.ts'
import type { GroupCommit } from './group-commit.ts'

export function sqliteTrackedRuns(
  database: DatabaseSync,
  { read, write }: GroupCommit,
  { clock, retention }: { readonly clock: Clock; readonly retention: Retention },
): TrackedRunStore {
  const insert = database.prepare(
    'INSERT INTO tracked_messages (flow, run, id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const noteAddition = database.prepare(
    `INSERT INTO tracked_runs (flow, run, added_at) VALUES (?, ?, ?)
     ON CONFLICT (flow, run) DO UPDATE SET added_at = excluded.added_at`,
  )
  const remove = database.prepare('DELETE FROM tracked_messages WHERE flow = ? AND run = ? AND id = ?')
  const endRun = database.prepare(
    `DELETE FROM tracked_runs WHERE flow = ?1 AND run = ?2
       AND NOT EXISTS (SELECT 1 FROM tracked_messages WHERE flow = ?1 AND run = ?2)`,
  )
  const forgetMessages = database.prepare(
    `DELETE FROM tracked_messages WHERE (flow, run) IN (SELECT flow, run FROM tracked_runs WHERE added_at < ?)`,
  )
  const forgetRuns = database.prepare('DELETE FROM tracked_runs WHERE added_at < ?')
  const select = database.prepare('SELECT run FROM tracked_runs WHERE flow = ? AND added_at >= ?')
  const oldest = (): number => clock.now() - retention.trackedMs
  return {
    add: (flow, run, ids) =>
      write(() => {
        forgetMessages.run(oldest())
        forgetRuns.run(oldest())
        if (ids.length > 0) noteAddition.run(flow, run, clock.now())
        for (const id of ids) insert.run(flow, run, id)
      }),
    remove: (flow, run, id) =>
      write(() => {
        remove.run(flow, run, id)
        endRun.run(flow, run)
      }),
    active: (flow) => read(() => select.all(flow, oldest()).map((row) => String(row['run']))),
  }
}
