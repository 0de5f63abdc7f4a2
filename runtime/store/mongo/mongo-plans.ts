import type { Plan } from '../../../flow/plan/plan.ts'
import { revisionTaken } from '../revision-taken.ts'
import type { PlanStore } from '../store.ts'
import { isDuplicateKey } from './mongo-error.ts'
import type { MongoLink } from './mongo-link.ts'

interface Entry {
  readonly _id: string
  readonly flow: string
  readonly revision: number
  readonly hash: string
  readonly plan: string
}

export function mongoPlans(link: MongoLink): PlanStore {
  const plans = link.deciding<Entry>('plans')
  return {
    put: (plan) => {
      const { hash, revision } = plan
      const flow = plan.flow.uid
      const entry: Entry = { _id: planId(flow, revision), flow, revision, hash, plan: JSON.stringify(plan) }
      return link.run(async () => {
        try {
          await plans.replaceOne({ _id: entry._id, hash }, entry, { upsert: true })
        } catch (error) {
          if (!isDuplicateKey(error)) throw error
          // Another put the same at the same time, or the number stands for another.
          const known = await plans.findOne({ _id: entry._id })
          if (known !== null && known.hash !== hash) throw revisionTaken(plan)
          throw error
        }
      })
    },
    get: (flow, revision) => link.run(async () => planOf(await plans.findOne({ _id: planId(flow, revision) }))),
    latest: (flow) => link.run(async () => planOf(await plans.findOne({ flow }, { sort: { revision: -1 } }))),
    revisions: (flow) =>
      link.run(async () => {
        const found = plans.find({ flow }).project<Pick<Entry, 'revision'>>({ revision: 1 }).sort({ revision: 1 })
        return (await found.toArray()).map(({ revision }) => revision)
      }),
    remove: (flow, revision) => link.run(async () => void (await plans.deleteOne({ _id: planId(flow, revision) }))),
  }
}

function planId(flow: string, revision: number): string {
  return JSON.stringify([flow, revision])
}

function planOf(entry: Entry | null): Plan | undefined {
  return entry === null ? undefined : (JSON.parse(entry.plan) as Plan) // as put
}
