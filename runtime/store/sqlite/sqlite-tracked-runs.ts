import type { DatabaseSync } from 'node:sqlite'
import type { TrackedRunStore } from '../store.ts'
import type { GroupCommit } from './group-commit.ts'

export function sqliteTrackedRuns(database: DatabaseSync, { read, write }: GroupCommit): TrackedRunStore {
  const insert = database.prepare(
    'INSERT INTO tracked_messages (flow, run, id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const remove = database.prepare('DELETE FROM tracked_messages WHERE flow = ? AND run = ? AND id = ?')
  const select = database.prepare('SELECT DISTINCT run FROM tracked_messages WHERE flow = ?')
  return {
    add: (flow, run, ids) =>
      write(() => {
        for (const id of ids) insert.run(flow, run, id)
      }),
    remove: (flow, run, id) => write(() => void remove.run(flow, run, id)),
    active: (flow) => read(() => select.all(flow).map((row) => String(row['run']))),
  }
}
