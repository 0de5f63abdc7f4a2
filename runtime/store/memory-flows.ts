import type { Work } from './memory-store.ts'
import type { FlowStateStore, VersionedFlowState } from './store.ts'

export function memoryFlows(work: Work): FlowStateStore {
  const flows = new Map<string, VersionedFlowState>()
  return {
    get: (flow) => work(() => structuredClone(flows.get(flow))),
    put: (state, before) =>
      work(() => {
        if ((flows.get(state.flow)?.version ?? 0) !== before) return 'conflict'
        flows.set(state.flow, { state: structuredClone(state), version: before + 1 })
        return 'written'
      }),
    list: () => work(() => structuredClone([...flows.values()])),
    remove: (flow, before) =>
      work(() => {
        const known = flows.get(flow)
        if (known !== undefined && known.version !== before) return 'conflict'
        flows.delete(flow)
        return 'removed'
      }),
  }
}
