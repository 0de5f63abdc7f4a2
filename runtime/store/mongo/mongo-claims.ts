import type { Document } from 'mongodb'
import { freshId } from '../../wire/message-id.ts'
import type { ClaimOwner } from '../claim-rule.ts'
import type { MongoRetention } from '../retention.ts'
import type { Claim, ClaimStore } from '../store.ts'
import type { MongoLink } from './mongo-link.ts'

interface Entry extends Claim {
  readonly _id: string
  readonly windowMs: number
  /** Names the taking. */
  readonly by: string
  /** By the server's clock: when it is done, and its window over; or when nobody has finished it for long. */
  readonly expiresAt: Date
}

export function mongoClaims(link: MongoLink, { claimsMs }: MongoRetention): ClaimStore {
  const claims = link.deciding<Entry>('claims')
  return {
    take: (key, { replay, attempt, copy }, options) => {
      const owner = { replay, attempt, copy }
      const { nowMs: claimedAt, windowMs } = options
      const taken = { _id: key, ...owner, state: 'started', claimedAt, windowMs, by: freshId() }
      const expiring = { $mergeObjects: [{ $literal: taken }, { expiresAt: { $add: ['$$NOW', claimsMs] } }] }
      const change = { $replaceWith: { $cond: [isFree(owner, options), expiring, '$$ROOT'] } }
      return link.run(async () => {
        const entry = await claims.findOneAndUpdate({ _id: key }, [change], { upsert: true, returnDocument: 'after' })
        if (entry === null) throw new Error(`the claim of ${key} was not written`)
        return entry.by === taken.by ? { kind: 'taken' } : { kind: 'held', claim: claimOf(entry) }
      })
    },
    done: (key, owner, nowMs) =>
      link.run(async () => {
        const expiresAt = { $add: ['$$NOW', '$windowMs'] }
        await claims.updateOne(startedBy(key, owner), [{ $set: { state: 'done', doneAt: nowMs, expiresAt } }])
      }),
    release: (key, owner) => link.run(async () => void (await claims.deleteOne(startedBy(key, owner)))),
  }
}

function startedBy(key: string, { replay, attempt, copy }: ClaimOwner): Document & { readonly _id: string } {
  return { _id: key, replay, attempt, copy, state: 'started' }
}

/** `claim-rule.ts`, where the server can keep others from coming in between. */
function isFree(
  { replay, attempt, copy }: ClaimOwner,
  { nowMs, windowMs }: { nowMs: number; windowMs: number },
): Document {
  const isNew = { $eq: [{ $type: '$state' }, 'missing'] }
  const isExpired = {
    $and: [{ $eq: ['$state', 'done'] }, { $lte: [{ $add: ['$doneAt', windowMs] }, nowMs] }],
  }
  const isRetried = {
    $and: [{ $eq: ['$replay', replay] }, { $eq: ['$copy', { $literal: copy }] }, { $lt: ['$attempt', attempt] }],
  }
  return { $or: [isNew, isExpired, { $lt: ['$replay', replay] }, isRetried] }
}

function claimOf({ replay, attempt, copy, state, claimedAt, doneAt }: Entry): Claim {
  const claim = { replay, attempt, copy, state, claimedAt }
  return doneAt === undefined ? claim : { ...claim, doneAt }
}
