import { freshId } from '../../wire/message-id.ts'
import type { MongoRetention } from '../retention.ts'
import type { TrialStore } from '../trial-store.ts'
import type { MongoLink } from './mongo-link.ts'

interface Entry {
  readonly _id: string
  readonly count: number
  /** Names the last beginning. */
  readonly by: string
  readonly expiresAt: Date
}

export function mongoTrials(link: MongoLink, { trialsMs }: MongoRetention): TrialStore {
  const trials = link.deciding<Entry>('trials')
  return {
    begin: (key) => {
      const by = freshId()
      const known = { $ifNull: ['$count', 0] }
      // Asked again after an answer that was lost, it is not counted twice.
      const count = { $cond: [{ $eq: ['$by', by] }, known, { $add: [known, 1] }] }
      const change = { $set: { count, by, expiresAt: { $add: ['$$NOW', trialsMs] } } }
      return link.run(async () => {
        const entry = await trials.findOneAndUpdate({ _id: key }, [change], { upsert: true, returnDocument: 'after' })
        if (entry === null) throw new Error(`the trial of ${key} was not written`)
        return entry.count
      })
    },
    end: (key) => link.run(async () => void (await trials.deleteOne({ _id: key }))),
  }
}
