import type { Clock } from '../../clock.ts'
import { systemClock } from '../../clock.ts'
import type { MongoServerOptions } from './connect-mongo.ts'
import { connectMongo } from './connect-mongo.ts'
import { createIndexes } from './indexes.ts'
import { mongoBlobs } from './mongo-blobs.ts'
import { mongoClaims } from './mongo-claims.ts'
import { mongoDeadLetters } from './mongo-dead-letters.ts'
import { mongoFires } from './mongo-fires.ts'
import { mongoFlows } from './mongo-flows.ts'
import { mongoLink } from './mongo-link.ts'
import { mongoMembers } from './mongo-members.ts'
import { mongoPlans } from './mongo-plans.ts'
import { mongoRateBudgets } from './mongo-rate-budgets.ts'
import { mongoRuns } from './mongo-runs.ts'
import { mongoSnapshots } from './mongo-snapshots.ts'
import { mongoTrackedRuns } from './mongo-tracked-runs.ts'
import { mongoTrials } from './mongo-trials.ts'
import type { MongoRetention } from '../retention.ts'
import { mongoRetention } from '../retention.ts'
import type { Store } from '../store.ts'

export interface MongoStoreOptions extends Omit<MongoServerOptions, 'clock' | 'patience'> {
  readonly clock?: Clock
  readonly patience?: MongoServerOptions['patience']
  /** What differs from the adapter's own. Forgotten by the server, by its own clock, within a minute or two after its time. */
  readonly retention?: Partial<MongoRetention>
}

/**
 * State in a database of a MongoDB replica set, 6.0 or newer, for any number of processes. Makes the collections' indexes.
 *
 * @throws as `connectMongo`
 */
export async function openMongoStore(options: MongoStoreOptions): Promise<Store> {
  const { clock = systemClock, patience = 'fail', log } = options
  const retention = { ...mongoRetention, ...options.retention }
  const { client, place, release } = await connectMongo({ ...options, clock, patience }, (database) =>
    createIndexes(database, { retention, log }),
  )
  const link = mongoLink({ client, place, release, clock, log })
  return {
    snapshots: mongoSnapshots(link),
    deadLetters: mongoDeadLetters(link, { clock, retention }),
    runs: mongoRuns(link, clock),
    fires: mongoFires(link, retention),
    claims: mongoClaims(link, retention),
    plans: mongoPlans(link),
    trackedRuns: mongoTrackedRuns(link, retention),
    flows: mongoFlows(link),
    blobs: mongoBlobs(link),
    trials: mongoTrials(link, retention),
    rateBudgets: mongoRateBudgets(link),
    members: mongoMembers(link),
    health: link.health,
    close: link.close,
  }
}
