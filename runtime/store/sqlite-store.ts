import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { DiskRetention } from './retention.ts'
import { diskRetention } from './retention.ts'
import { groupCommit } from './sqlite/group-commit.ts'
import type { OpenOptions } from './sqlite/open-database.ts'
import { openDatabase } from './sqlite/open-database.ts'
import { sqliteBlobs } from './sqlite/sqlite-blobs.ts'
import { sqliteClaims } from './sqlite/sqlite-claims.ts'
import { sqliteDeadLetters } from './sqlite/sqlite-dead-letters.ts'
import { sqliteFires } from './sqlite/sqlite-fires.ts'
import { sqliteFlows } from './sqlite/sqlite-flows.ts'
import { sqliteMembers } from './sqlite/sqlite-members.ts'
import { sqlitePlans } from './sqlite/sqlite-plans.ts'
import { sqliteRateBudgets } from './sqlite/sqlite-rate-budgets.ts'
import { sqliteRuns } from './sqlite/sqlite-runs.ts'
import { sqliteSnapshots } from './sqlite/sqlite-snapshots.ts'
import { sqliteTrackedRuns } from './sqlite/sqlite-tracked-runs.ts'
import { sqliteTrials } from './sqlite/sqlite-trials.ts'
import type { Store } from './store.ts'

export interface SqliteStoreOptions extends Partial<OpenOptions> {
  readonly clock?: Clock
  /** What differs from the adapter's own. */
  readonly retention?: Partial<DiskRetention>
}

/**
 * State in a file, which is made, with its directory, when there is none. By default one process has it at a time.
 *
 * @throws {PermanentError} `StateUnusable`, `StateInUse`, `StateCorrupt` or `StateTooNew`, with what to do
 */
export function openSqliteStore(
  path: string,
  { clock = systemClock, retention, access = 'exclusive', busyTimeoutMs = 2000 }: SqliteStoreOptions = {},
): Store {
  const database = openDatabase(path, { access, busyTimeoutMs })
  const commits = groupCommit(database, clock)
  const bounds = { clock, retention: { ...diskRetention, ...retention } }
  return {
    snapshots: sqliteSnapshots(database, commits),
    deadLetters: sqliteDeadLetters(database, commits, bounds),
    runs: sqliteRuns(database, commits, bounds),
    fires: sqliteFires(database, commits, bounds),
    claims: sqliteClaims(database, commits, bounds),
    plans: sqlitePlans(database, commits),
    trackedRuns: sqliteTrackedRuns(database, commits, bounds),
    flows: sqliteFlows(database, commits),
    blobs: sqliteBlobs(database, commits, clock),
    trials: sqliteTrials(database, commits, bounds),
    rateBudgets: sqliteRateBudgets(database, commits, clock),
    members: sqliteMembers(database, commits, bounds),
    health: commits.health,
    close: async () => commits.close(),
  }
}
