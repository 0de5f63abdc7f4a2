import type { PoolMember } from '../../decide/queue-rank.ts'
import type { MemberStore } from '../member-store.ts'
import type { MongoLink } from './mongo-link.ts'

interface Entry {
  readonly _id: string
  readonly pools?: readonly string[]
  readonly expiresAt: Date
}

export function mongoMembers(link: MongoLink): MemberStore {
  // What is lost with a primary is written again in a moment.
  const members = link.observing<Entry>('members')
  const isThere = { $expr: { $gt: ['$expiresAt', '$$NOW'] } }
  return {
    announce: ({ id, pools }, forMs) =>
      link.run(async () => {
        const own = {
          expiresAt: { $add: ['$$NOW', forMs] },
          ...(pools !== undefined && { pools: { $literal: [...pools] } }),
        }
        await members.updateOne({ _id: id }, [{ $set: own }], { upsert: true })
        const entries = await members.find(isThere).toArray()
        return entries.map(memberOf)
      }),
    leave: (id) => link.run(async () => void (await members.deleteOne({ _id: id }))),
  }
}

function memberOf({ _id: id, pools }: Entry): PoolMember {
  return pools === undefined ? { id } : { id, pools }
}
