import type { Collection } from 'mongodb'
import { freshId } from '../../wire/message-id.ts'
import type { MongoRetention } from '../retention.ts'
import type { Fire, FireStore } from '../store.ts'
import { ifOurs } from './if-ours.ts'
import { isDuplicateKey } from './mongo-error.ts'
import type { MongoLink } from './mongo-link.ts'

interface Entry extends Fire {
  readonly _id: string
  readonly state: 'due' | 'published'
  /** Names who inserted it. */
  readonly by: string
  /** By the server's clock, for published ones. */
  readonly expiresAt?: Date
}

/** The latest published time, which is never forgotten: the next ones are found from it. */
interface LatestEntry {
  readonly _id: string
  readonly at: number
}

export function mongoFires(link: MongoLink, { firesMs }: MongoRetention): FireStore {
  const fires = link.deciding<Entry>('fires')
  const triggers = link.deciding<LatestEntry>('triggers')

  const insert = async (entry: Entry): Promise<boolean> => {
    try {
      await fires.insertOne(entry)
      return true
    } catch (error) {
      if (isDuplicateKey(error)) return ifOurs(fires, entry._id, entry.by)
      throw error
    }
  }
  return {
    insert: ({ flow, trigger, at, revision }) => {
      const _id = fireId(flow, trigger, at)
      const entry: Entry = { _id, flow, trigger, at, revision, state: 'due', by: freshId() }
      return link.run(async () => {
        const known = await triggers.findOne({ _id: triggerId(flow, trigger) })
        return known?.at === at ? false : insert(entry)
      })
    },
    markPublished: ({ flow, trigger, at }) =>
      link.run(async () => {
        const _id = fireId(flow, trigger, at)
        if ((await fires.findOne({ _id })) === null) return
        // First: from here on the fire itself may be forgotten.
        await triggers.updateOne({ _id: triggerId(flow, trigger) }, { $max: { at } }, { upsert: true })
        const expiresAt = { $add: ['$$NOW', firesMs] }
        await fires.updateOne({ _id, state: 'due' }, [{ $set: { state: 'published', expiresAt } }])
      }),
    due: (before) =>
      link.run(async () => {
        const due = await fires
          .find({ state: 'due', at: { $lt: before } })
          .sort({ at: 1 })
          .toArray()
        return due.map(({ flow, trigger, at, revision }) => ({ flow, trigger, at, revision }))
      }),
    latest: (flow, trigger) => link.run(() => latestOf({ fires, triggers }, flow, trigger)),
    remove: (flow) =>
      link.run(async () => {
        await fires.deleteMany({ flow })
        await triggers.deleteMany({ _id: { $gt: triggersOf(flow, ','), $lt: triggersOf(flow, '-') } })
      }),
  }
}

interface Collections {
  readonly fires: Collection<Entry>
  readonly triggers: Collection<LatestEntry>
}

async function latestOf({ fires, triggers }: Collections, flow: string, trigger: string): Promise<number | undefined> {
  const [kept, published] = await Promise.all([
    fires.findOne({ flow, trigger }, { sort: { at: -1 } }),
    triggers.findOne({ _id: triggerId(flow, trigger) }),
  ])
  const times = [kept, published].flatMap((entry) => (entry === null ? [] : [entry.at]))
  return times.length === 0 ? undefined : Math.max(...times)
}

function fireId(flow: string, trigger: string, at: number): string {
  return JSON.stringify([flow, trigger, at])
}

function triggerId(flow: string, trigger: string): string {
  return JSON.stringify([flow, trigger])
}

/** Before all ids of the flow's triggers, or with the character behind the comma after them. */
function triggersOf(flow: string, end: ',' | '-'): string {
  return `${JSON.stringify([flow]).slice(0, -1)}${end}`
}
