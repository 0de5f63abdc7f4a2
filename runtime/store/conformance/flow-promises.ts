import { expect } from 'vitest'
import type { FlowState } from '../../../flow/plan/flow-state.ts'
import type { StorePromise } from './store-promise.ts'
import { count, race } from './store-promise.ts'

export function flowState(flow: string, changes: Partial<FlowState> = {}): FlowState {
  return {
    flow,
    namespace: 'default',
    name: 'contacts',
    lastRevision: 1,
    kept: [{ revision: 1, hash: 'h' }],
    living: [{ queue: `${flow}.fetch.h.1`, step: 'fetch', pool: 'default', revision: 1, singleActiveConsumer: false }],
    retiring: [],
    suspended: false,
    frozen: false,
    ...changes,
  }
}

export const flowPromises: readonly StorePromise[] = [
  {
    name: 'flows: are written at the version that was read, and read by all',
    check: async ({ store, other, flow }) => {
      expect(await store.flows.get(flow)).toBeUndefined()
      expect(await store.flows.put(flowState(flow), 0)).toBe('written')
      expect(await other.flows.get(flow)).toEqual({ state: flowState(flow), version: 1 })
      const next = flowState(flow, {
        active: 1,
        lastRevision: 2,
        pending: { revision: 2, hash: 'h2', declaredAt: 1.5, stages: [] },
      })
      expect(await other.flows.put(next, 1)).toBe('written')
      expect(await store.flows.get(flow)).toEqual({ state: next, version: 2 })
      expect(await store.flows.list()).toContainEqual({ state: next, version: 2 })
    },
  },
  {
    name: 'flows: a conflict for who is behind, ahead, or thinks there is none; nothing is written then',
    check: async ({ store, other, flow }) => {
      expect(await store.flows.put(flowState(flow), 1)).toBe('conflict')
      expect(await store.flows.get(flow)).toBeUndefined()
      await store.flows.put(flowState(flow), 0)
      await store.flows.put(flowState(flow, { lastRevision: 7 }), 1)
      for (const version of [0, 1, 3]) {
        expect(await other.flows.put(flowState(flow, { lastRevision: 8 }), version)).toBe('conflict')
        expect(await other.flows.remove(flow, version)).toBe('conflict')
      }
      expect(await store.flows.get(flow)).toMatchObject({ state: { lastRevision: 7 }, version: 2 })
    },
  },
  {
    name: 'flows: of many that write at once one succeeds',
    check: async (bench) => {
      for (const version of [0, 1]) {
        const written = await race(bench, 10, (store, at) =>
          store.flows.put(flowState(bench.flow, { lastRevision: at }), version),
        )
        expect(count(written, 'written')).toBe(1)
        const known = await bench.store.flows.get(bench.flow)
        expect(known).toMatchObject({ state: { lastRevision: written.indexOf('written') }, version: version + 1 })
      }
    },
  },
  {
    name: 'flows: one that is removed is gone, and may be removed again',
    check: async ({ store, other, flow }) => {
      await store.flows.put(flowState(flow), 0)
      await store.flows.put(flowState(`${flow}-2`), 0)
      expect(await other.flows.remove(flow, 1)).toBe('removed')
      expect(await store.flows.remove(flow, 1)).toBe('removed')
      expect(await store.flows.get(flow)).toBeUndefined()
      expect(await store.flows.put(flowState(flow), 1)).toBe('conflict')
      expect(await store.flows.get(`${flow}-2`)).toBeDefined()
    },
  },
]
