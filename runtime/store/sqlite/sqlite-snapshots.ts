import type { DatabaseSync } from 'node:sqlite'
import { fromJson, toJson } from '../json-value.ts'
import { snapshotOwnerKey } from '../snapshot-owner-key.ts'
import type { SnapshotFence, SnapshotState, SnapshotStore } from '../store.ts'
import type { GroupCommit } from './group-commit.ts'

interface Row {
  readonly epoch: number
  readonly version: number
  readonly value: string | null
  readonly settled: string
}

const nextWriting = '(SELECT coalesce(max(written), 0) + 1 FROM snapshots)'

export function sqliteSnapshots(database: DatabaseSync, { read, write }: GroupCommit): SnapshotStore {
  const select = database.prepare('SELECT epoch, version, value, settled FROM snapshots WHERE queue = ?')
  const selectLatest = database.prepare(
    'SELECT value, settled FROM snapshots WHERE owner = ? ORDER BY written DESC LIMIT 1',
  )
  // Between "flow." and "flow/", the character behind the point: by the index, whatever the flow's name contains.
  const isOfFlow = `queue = ?1 OR (queue > ?1 || '.' AND queue < ?1 || '/')`
  const selectQueues = database.prepare(`SELECT queue FROM snapshots WHERE ${isOfFlow} ORDER BY queue`)
  const remove = database.prepare(`DELETE FROM snapshots WHERE ${isOfFlow}`)
  const insert = database.prepare(
    `INSERT INTO snapshots (queue, epoch, version, value, settled, owner, written) VALUES (?, 1, 0, ?, ?, ?, ${nextWriting})`,
  )
  const takeOver = database.prepare(
    'UPDATE snapshots SET epoch = epoch + 1, owner = coalesce(?, owner) WHERE queue = ?',
  )
  const update = database.prepare(
    `UPDATE snapshots SET version = version + 1, value = ?, settled = ?, written = ${nextWriting}
     WHERE queue = ? AND epoch = ? AND version = ?`,
  )
  const stateOf = (queue: string): SnapshotState | undefined => {
    const row = select.get(queue) as Row | undefined // the columns of the statement
    return row && { ...fenceOf(row), value: fromJson(row.value), settled: JSON.parse(row.settled) as string[] } // ours
  }
  const begin = (queue: string, owner: string | null): void => {
    const latest = selectLatest.get(owner) as Pick<Row, 'value' | 'settled'> | undefined // the columns of the statement
    insert.run(queue, latest?.value ?? null, latest?.settled ?? '[]', owner)
  }
  return {
    open: (queue, inherit) =>
      write(() => {
        const owner = inherit === undefined ? null : snapshotOwnerKey(inherit)
        if (takeOver.run(owner, queue).changes === 0) begin(queue, owner)
        return stateOf(queue) ?? missing(queue)
      }),
    write: (queue, { epoch, version }, { value, settled }) =>
      write(() => {
        const { changes } = update.run(toJson(value), JSON.stringify(settled), queue, epoch, version)
        return changes === 1 ? 'written' : 'conflict'
      }),
    read: (queue) => read(() => stateOf(queue)),
    queues: (flow) => read(() => selectQueues.all(flow).map((row) => String(row['queue']))),
    remove: (flow) => write(() => void remove.run(flow)),
  }
}

function fenceOf({ epoch, version }: SnapshotFence): SnapshotFence {
  return { epoch, version }
}

function missing(queue: string): never {
  throw new Error(`the snapshot of ${queue} was not written`)
}
