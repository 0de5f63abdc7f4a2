import type { Document, Filter } from 'mongodb'
import { freshId } from '../../wire/message-id.ts'
import { fromJson, toJson } from '../json-value.ts'
import { snapshotOwnerKey } from '../snapshot-owner-key.ts'
import type { SnapshotState, SnapshotStore } from '../store.ts'
import { ifOurs } from './if-ours.ts'
import type { MongoLink } from './mongo-link.ts'

interface Entry {
  /** The queue. */
  readonly _id: string
  readonly epoch: number
  readonly version: number
  /** JSON: a snapshot may have keys that MongoDB reads in its own way. */
  readonly value: string | null
  readonly settled: string
  readonly owner: string | null
  /** The cluster's time: tells which of a step's snapshots was written last, whatever a clock shows. */
  readonly written: unknown
  /** Names the last write. */
  readonly by: string
}

type Heritage = Pick<Entry, 'value' | 'settled'>

export function mongoSnapshots(link: MongoLink): SnapshotStore {
  const snapshots = link.deciding<Entry>('snapshots')

  const takeOver = async (queue: string, owner: string | null): Promise<Entry | null> =>
    snapshots.findOneAndUpdate(
      { _id: queue },
      { $inc: { epoch: 1 }, ...(owner !== null && { $set: { owner } }) },
      { returnDocument: 'after' },
    )
  const heritageOf = async (owner: string | null): Promise<Heritage> => {
    const known = owner === null ? null : await snapshots.findOne({ owner }, { sort: { written: -1 } })
    return known ?? { value: null, settled: '[]' }
  }
  const begin = async (queue: string, owner: string | null): Promise<Entry | null> =>
    snapshots.findOneAndUpdate({ _id: queue }, [beginning(queue, owner, await heritageOf(owner))], {
      upsert: true,
      returnDocument: 'after',
    })
  return {
    open: (queue, inherit) =>
      link.run(async () => {
        const owner = inherit === undefined ? null : snapshotOwnerKey(inherit)
        const entry = (await takeOver(queue, owner)) ?? (await begin(queue, owner))
        if (entry === null) throw new Error(`the snapshot of ${queue} was not written`)
        return stateOf(entry)
      }),
    write: (queue, { epoch, version }, { value, settled }) => {
      const by = freshId()
      const next = { value: toJson(value), settled: JSON.stringify(settled), by }
      return link.run(async () => {
        const set = { $set: { version: version + 1, written: '$$CLUSTER_TIME', ...literal(next) } }
        const { matchedCount } = await snapshots.updateOne({ _id: queue, epoch, version }, [set])
        return matchedCount === 1 || (await ifOurs(snapshots, queue, by)) ? 'written' : 'conflict'
      })
    },
    read: (queue) =>
      link.run(async () => {
        const entry = await snapshots.findOne({ _id: queue })
        return entry === null ? undefined : stateOf(entry)
      }),
    queues: (flow) =>
      link.run(async () => {
        const found = snapshots.find(isOf(flow)).project<{ _id: string }>({ _id: 1 }).sort({ _id: 1 })
        return (await found.toArray()).map(({ _id }) => _id)
      }),
    remove: (flow) => link.run(async () => void (await snapshots.deleteMany(isOf(flow)))),
  }
}

/** By the name of the queue, of which the flow is the first part. */
function isOf(flow: string): Filter<Entry> {
  return { $or: [{ _id: flow }, { _id: { $gt: `${flow}.`, $lt: `${flow}/` } }] }
}

/** Makes a new one, or takes over what another has just made. */
function beginning(queue: string, owner: string | null, { value, settled }: Heritage): Document {
  const made = literal({ _id: queue, epoch: 1, version: 0, value, settled, owner, by: '' })
  const isNew = { $eq: [{ $type: '$epoch' }, 'missing'] }
  const takenOver = { $mergeObjects: ['$$ROOT', { epoch: { $add: ['$epoch', 1] } }] }
  return { $replaceWith: { $cond: [isNew, { ...made, written: '$$CLUSTER_TIME' }, takenOver] } }
}

/** Nothing of it is an expression, whatever it contains. */
function literal(fields: Readonly<Record<string, unknown>>): Document {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { $literal: value }]))
}

function stateOf({ epoch, version, value, settled }: Entry): SnapshotState {
  return { epoch, version, value: fromJson(value), settled: JSON.parse(settled) as string[] } // as written
}
