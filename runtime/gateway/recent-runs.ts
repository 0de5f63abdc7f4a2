import type { Run } from '../store/store.ts'

/** The latest runs that were started, some 350 bytes each: their records are written in bulk, and a caller asks at once. One for all desks of a process. */
export interface RecentRuns {
  readonly add: (run: Run) => void
  readonly get: (id: string) => Run | undefined
}

export function recentRuns(mostRecent = 10_000): RecentRuns {
  const runs = new Map<string, Run>()
  return {
    get: (id) => runs.get(id),
    add: (run) => {
      runs.set(run.id, run)
      const [oldest] = runs.keys()
      if (runs.size > mostRecent && oldest !== undefined) runs.delete(oldest)
    },
  }
}
