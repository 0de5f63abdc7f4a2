import type { MongoRetention } from '../retention.ts'
import type { TrackedRunStore } from '../store.ts'
import { isOnlyDuplicates } from './mongo-error.ts'
import type { MongoLink } from './mongo-link.ts'

/** One for each run, forgotten a while after the last addition; without it nothing of the run is pending. */
interface RunEntry {
  readonly _id: string
  readonly flow: string
  readonly run: string
  readonly expiresAt: Date
  /** Until then its messages are kept at least. */
  readonly keptUntil?: Date
}

interface MessageEntry {
  readonly _id: string
  readonly flow: string
  readonly run: string
  readonly expiresAt: Date
}

const longestMarginMs = 86_400_000

/**
 * A run's messages live as long as the run, without a write to each of them at each addition: they are kept some days
 * longer than needed (at most three), and all of them are prolonged when an addition comes near that.
 */
export function mongoTrackedRuns(link: MongoLink, { trackedMs }: MongoRetention): TrackedRunStore {
  const runs = link.deciding<RunEntry>('trackedRuns')
  const messages = link.deciding<MessageEntry>('trackedMessages')
  const marginMs = Math.min(longestMarginMs, trackedMs / 10)

  /** Gives until when the run's messages are kept at least. */
  const noteAddition = async (flow: string, run: string): Promise<Date> => {
    const _id = runId(flow, run)
    const isForgotten = { $lt: ['$expiresAt', '$$NOW'] }
    const keptUntil = { $cond: [isForgotten, '$$REMOVE', '$keptUntil'] }
    const named = { flow: { $literal: flow }, run: { $literal: run } }
    const change = { $set: { ...named, keptUntil, expiresAt: { $add: ['$$NOW', trackedMs] } } }
    const entry = await runs.findOneAndUpdate({ _id }, [change], { upsert: true, returnDocument: 'after' })
    if (entry === null) throw new Error(`the tracked run ${run} was not written`)
    if (entry.keptUntil !== undefined && entry.keptUntil >= after(entry.expiresAt, marginMs)) return entry.keptUntil
    const prolonged = after(entry.expiresAt, 3 * marginMs)
    await prolong(entry, prolonged)
    // Only now: who is interrupted before begins again.
    await runs.updateOne({ _id }, { $max: { keptUntil: prolonged } })
    return prolonged
  }
  const prolong = async ({ flow, run, keptUntil, expiresAt }: RunEntry, prolonged: Date): Promise<void> => {
    if ((await messages.findOne({ flow, run })) === null) return
    // What was forgotten does not come back with its run; what is added at this moment is kept for longer than that.
    if (keptUntil === undefined)
      await messages.deleteMany({ flow, run, expiresAt: { $lt: after(expiresAt, marginMs) } })
    await messages.updateMany({ flow, run }, { $max: { expiresAt: prolonged } })
  }
  const insert = async (flow: string, run: string, ids: readonly string[], expiresAt: Date): Promise<void> => {
    const entries = ids.map((id) => ({ _id: messageId(flow, run, id), flow, run, expiresAt }))
    try {
      await messages.insertMany(entries, { ordered: false })
    } catch (error) {
      // Of an unordered write all others are done.
      if (!isOnlyDuplicates(error)) throw error
    }
  }
  return {
    add: (flow, run, ids) =>
      link.run(async () => {
        if (ids.length > 0) await insert(flow, run, ids, await noteAddition(flow, run))
      }),
    remove: (flow, run, id) => link.run(async () => void (await messages.deleteOne({ _id: messageId(flow, run, id) }))),
    active: (flow) =>
      link.run(async () => {
        const pending = await messages.distinct('run', { flow })
        const ids = pending.map((run) => runId(flow, run))
        const known = await runs.find({ _id: { $in: ids }, $expr: { $gt: ['$expiresAt', '$$NOW'] } }).toArray()
        return known.map(({ run }) => run)
      }),
  }
}

function after(instant: Date, byMs: number): Date {
  return new Date(instant.getTime() + byMs)
}

function runId(flow: string, run: string): string {
  return JSON.stringify([flow, run])
}

function messageId(flow: string, run: string, id: string): string {
  return JSON.stringify([flow, run, id])
}
