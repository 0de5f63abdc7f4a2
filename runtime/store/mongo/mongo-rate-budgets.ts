import type { Document } from 'mongodb'
import type { PermitAnswer, PermitAsk } from '../../budget/decide/take-permits.ts'
import type { RateBudgetStore } from '../rate-budget-store.ts'
import type { MongoLink } from './mongo-link.ts'

interface Entry {
  readonly _id: string
  /** Milliseconds since 1970, by the server's clock, as all that follows. */
  readonly freeAt?: number
  readonly pausedAt?: number
  readonly pausedMs?: number
  /** What the last one to ask got. */
  readonly given: Given
  readonly expiresAt: Date
}

interface Given {
  readonly count: number
  readonly firstInMs: number
  readonly againMs: number
}

/** What nobody has used for so long after its last permit and pause counts as unused. */
const keptMs = 86_400_000

export function mongoRateBudgets(link: MongoLink): RateBudgetStore {
  const budgets = link.deciding<Entry>('rateBudgets')
  return {
    take: (key, ask) => {
      const change = takingStages(ask)
      // Asked again after an answer that was lost it takes more: these are lost, and nobody goes too fast.
      return link.run(async () => {
        const entry = await budgets.findOneAndUpdate({ _id: key }, change, { upsert: true, returnDocument: 'after' })
        if (entry === null) throw new Error(`the permits of ${key} were not written`)
        return answerOf(entry.given)
      })
    },
    pause: (key, forMs) =>
      link.run(async () => {
        await budgets.updateOne({ _id: key }, pausingStages(forMs), { upsert: true })
      }),
  }
}

function answerOf({ count, firstInMs, againMs }: Given): PermitAnswer {
  return count > 0 ? { kind: 'taken', count, firstInMs } : { kind: 'none', againMs }
}

const now = { $toDouble: { $toLong: '$$NOW' } }
const pauseLeft = {
  $cond: [
    { $or: [{ $eq: [{ $type: '$pausedAt' }, 'missing'] }, { $gt: ['$pausedAt', now] }] },
    0,
    { $subtract: [{ $add: ['$pausedAt', '$pausedMs'] }, now] },
  ],
}

/** `takePermits`, where the server can keep others from coming in between; a change of one is a change of the other. */
function takingStages({ intervalMs, burst, wanted, spare, aheadMs }: PermitAsk): Document[] {
  const latest = { $add: [now, aheadMs + intervalMs] }
  const earliest = { $subtract: [now, (burst - 1) * intervalMs] }
  const first = { $max: [{ $min: [{ $ifNull: ['$freeAt', earliest] }, latest] }, earliest] }
  const until = (at: object): object => ({
    $max: [0, { $add: [{ $floor: { $divide: [{ $subtract: [at, '$$first'] }, intervalMs] } }, 1] }],
  })
  const possible = until({ $add: [now, aheadMs] })
  const count = { $max: [{ $min: [wanted, possible] }, { $min: [wanted + spare, until(now)] }] }
  const taken = { first: '$$first', count: { $cond: [{ $gt: [pauseLeft, 0] }, 0, count] } }
  const again = {
    $cond: [
      { $gt: [pauseLeft, 0] },
      pauseLeft,
      { $max: [0, { $subtract: [{ $subtract: ['$taken.first', aheadMs] }, now] }] },
    ],
  }
  return [
    { $set: { taken: { $let: { vars: { first }, in: taken } } } },
    {
      $set: {
        given: { count: '$taken.count', firstInMs: { $subtract: ['$taken.first', now] }, againMs: again },
        freeAt: { $add: ['$taken.first', { $multiply: ['$taken.count', intervalMs] }] },
      },
    },
    expiring,
    { $unset: 'taken' },
  ]
}

function pausingStages(forMs: number): Document[] {
  const isLonger = { $gte: [pauseLeft, forMs] }
  const pausedMs = { $cond: [isLonger, '$pausedMs', forMs] }
  return [{ $set: { pausedAt: { $cond: [isLonger, '$pausedAt', now] }, pausedMs } }, expiring]
}

const expiring = {
  $set: {
    expiresAt: {
      $toDate: {
        $toLong: {
          $add: [
            keptMs,
            {
              $max: [
                now,
                { $ifNull: ['$freeAt', 0] },
                { $add: [{ $ifNull: ['$pausedAt', 0] }, { $ifNull: ['$pausedMs', 0] }] },
              ],
            },
          ],
        },
      },
    },
  },
}
