import type { Work } from './memory-store.ts'
import type { TrackedRunStore } from './store.ts'

export function memoryTrackedRuns(work: Work): TrackedRunStore {
  const flows = new Map<string, Map<string, Set<string>>>()
  return {
    add: (flow, run, ids) =>
      work(() => {
        if (ids.length === 0) return
        const runs = flows.get(flow) ?? new Map<string, Set<string>>()
        flows.set(flow, runs)
        const pending = runs.get(run) ?? new Set()
        runs.set(run, pending)
        for (const id of ids) pending.add(id)
      }),
    remove: (flow, run, id) =>
      work(() => {
        const runs = flows.get(flow)
        const pending = runs?.get(run)
        pending?.delete(id)
        if (pending?.size === 0) runs?.delete(run)
        if (runs?.size === 0) flows.delete(flow)
      }),
    active: (flow) => work(() => [...(flows.get(flow)?.keys() ?? [])]),
  }
}
