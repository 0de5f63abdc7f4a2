import type { Clock } from '../clock.ts'
import type { Work } from './memory-store.ts'
import type { Retention } from './retention.ts'
import type { TrackedRunStore } from './store.ts'

interface TrackedRun {
  readonly pending: Set<string>
  addedAt: number
}

export function memoryTrackedRuns(work: Work, clock: Clock, { trackedMs }: Retention): TrackedRunStore {
  const flows = new Map<string, Map<string, TrackedRun>>()

  const runsOf = (flow: string): Map<string, TrackedRun> => {
    const runs = flows.get(flow) ?? new Map<string, TrackedRun>()
    for (const [run, { addedAt }] of runs) if (addedAt + trackedMs < clock.now()) runs.delete(run)
    return runs
  }
  const keep = (flow: string, runs: Map<string, TrackedRun>): void => {
    if (runs.size > 0) flows.set(flow, runs)
    else flows.delete(flow)
  }
  return {
    add: (flow, run, ids) =>
      work(() => {
        if (ids.length === 0) return
        const runs = runsOf(flow)
        const tracked = runs.get(run) ?? { pending: new Set(), addedAt: 0 }
        runs.set(run, tracked)
        tracked.addedAt = clock.now()
        for (const id of ids) tracked.pending.add(id)
        keep(flow, runs)
      }),
    remove: (flow, run, id) =>
      work(() => {
        const runs = runsOf(flow)
        const pending = runs.get(run)?.pending
        pending?.delete(id)
        if (pending?.size === 0) runs.delete(run)
        keep(flow, runs)
      }),
    active: (flow) =>
      work(() => {
        const runs = runsOf(flow)
        keep(flow, runs)
        return [...runs.keys()]
      }),
  }
}
