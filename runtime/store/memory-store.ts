import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { memoryBlobs } from './memory-blobs.ts'
import { memoryClaims } from './memory-claims.ts'
import { memoryDeadLetters } from './memory-dead-letters.ts'
import { memoryFires } from './memory-fires.ts'
import { memoryFlows } from './memory-flows.ts'
import { memoryMembers } from './memory-members.ts'
import { memoryPlans } from './memory-plans.ts'
import { memoryRateBudgets } from './memory-rate-budgets.ts'
import { memoryRuns } from './memory-runs.ts'
import { memorySnapshots } from './memory-snapshots.ts'
import { memoryTrackedRuns } from './memory-tracked-runs.ts'
import { memoryTrials } from './memory-trials.ts'
import type { MemoryRetention } from './retention.ts'
import { memoryRetention } from './retention.ts'
import type { Store } from './store.ts'
import { closedHealth, storeClosed } from './store-closed.ts'

export interface MemoryStoreOptions {
  readonly clock?: Clock
  /** What differs from the adapter's own. */
  readonly retention?: Partial<MemoryRetention>
  /** Told of each dead letter that had to make room before anybody replayed or dropped it, with how many so far. Must not throw. */
  readonly onLetterForgotten?: (total: number) => void
}

/** Does the work of one call, all at once; rejects after the store was closed. */
export type Work = <Result>(work: () => Result) => Promise<Result>

/** State that ends with the process. */
export function openMemoryStore({
  clock = systemClock,
  retention,
  onLetterForgotten = () => {},
}: MemoryStoreOptions = {}): Store {
  const kept = { ...memoryRetention, ...retention }
  let closedAt: number | undefined
  const work: Work = async (work) => {
    if (closedAt !== undefined) throw storeClosed()
    return work()
  }
  return {
    snapshots: memorySnapshots(work),
    deadLetters: memoryDeadLetters(work, { retention: kept, onLetterForgotten }),
    runs: memoryRuns(work, clock, kept),
    fires: memoryFires(work, clock, kept),
    claims: memoryClaims(work, kept),
    plans: memoryPlans(work),
    trackedRuns: memoryTrackedRuns(work, clock, kept),
    flows: memoryFlows(work),
    blobs: memoryBlobs(work, clock),
    trials: memoryTrials(work, clock, kept),
    rateBudgets: memoryRateBudgets(work, clock),
    members: memoryMembers(work, clock),
    health: () => (closedAt === undefined ? { kind: 'ready' } : closedHealth(closedAt)),
    close: async () => {
      closedAt ??= clock.now()
    },
  }
}
