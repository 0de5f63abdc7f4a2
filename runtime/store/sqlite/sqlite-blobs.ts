import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import type { BlobStore } from '../store.ts'
import type { GroupCommit } from './group-commit.ts'

export function sqliteBlobs(database: DatabaseSync, { read, write }: GroupCommit, clock: Clock): BlobStore {
  const upsert = database.prepare(
    `INSERT INTO blobs (id, keep_until, bytes) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET keep_until = max(keep_until, excluded.keep_until)`,
  )
  const forget = database.prepare('DELETE FROM blobs WHERE keep_until < ?')
  const select = database.prepare('SELECT bytes FROM blobs WHERE id = ? AND keep_until >= ?')
  return {
    put: (id, bytes, keepUntil) =>
      write(() => {
        forget.run(clock.now())
        upsert.run(id, keepUntil, bytes)
      }),
    get: (id) =>
      read(() => {
        const row = select.get(id, clock.now()) as { readonly bytes: Uint8Array } | undefined // the column of the statement
        return row && Buffer.from(row.bytes)
      }),
  }
}
