import type { Run } from '../store/store.ts'

/** The latest runs that the gateway started: their records are written in bulk, and a caller asks at once. */
export interface RecentRuns {
  readonly add: (run: Run) => void
  readonly get: (id: string) => Run | undefined
}

const mostRecent = 10_000

export function recentRuns(): RecentRuns {
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
