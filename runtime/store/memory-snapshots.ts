import { fromJson, toJson } from './json-value.ts'
import type { Work } from './memory-store.ts'
import { snapshotOwnerKey } from './snapshot-owner-key.ts'
import type { SnapshotState, SnapshotStore } from './store.ts'

interface Row {
  readonly epoch: number
  readonly version: number
  /** JSON, so that nobody changes what is kept by changing what was given. */
  readonly value: string | null
  readonly settled: readonly string[]
  readonly owner: string | undefined
}

export function memorySnapshots(work: Work): SnapshotStore {
  /** The one written last comes last. */
  const rows = new Map<string, Row>()
  const write = (queue: string, row: Row): void => {
    rows.delete(queue)
    rows.set(queue, row)
  }
  return {
    open: (queue, inherit) =>
      work(() => {
        const owner = inherit && snapshotOwnerKey(inherit)
        const known = rows.get(queue)
        if (known !== undefined) {
          const row = { ...known, epoch: known.epoch + 1, owner: owner ?? known.owner }
          rows.set(queue, row)
          return stateOf(row)
        }
        const heritage = owner === undefined ? undefined : [...rows.values()].findLast((row) => row.owner === owner)
        const row = { value: null, settled: [], ...heritage, epoch: 1, version: 0, owner }
        write(queue, row)
        return stateOf(row)
      }),
    write: (queue, fence, { value, settled }) =>
      work(() => {
        const row = rows.get(queue)
        if (row === undefined || row.epoch !== fence.epoch || row.version !== fence.version) return 'conflict'
        write(queue, { ...row, version: row.version + 1, value: toJson(value), settled: [...settled] })
        return 'written'
      }),
    read: (queue) =>
      work(() => {
        const row = rows.get(queue)
        return row && stateOf(row)
      }),
    queues: (flow) => work(() => [...rows.keys()].filter(isOf(flow))),
    remove: (flow) =>
      work(() => {
        for (const queue of [...rows.keys()].filter(isOf(flow))) rows.delete(queue)
      }),
  }
}

function isOf(flow: string): (queue: string) => boolean {
  return (queue) => queue.split('.', 1)[0] === flow
}

function stateOf({ epoch, version, value, settled }: Row): SnapshotState {
  return { epoch, version, value: fromJson(value), settled }
}
