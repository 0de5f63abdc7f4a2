import { expect } from 'vitest'
import { encodeObservations } from '../../recorder/batch-writer.ts'
import type { StorePromise } from './store-promise.ts'
import { run, startedAt, stepEvent } from './store-promise.ts'

export const runPromises: readonly StorePromise[] = [
  {
    name: 'runs: are found by id and listed newest first, once each, up to the limit',
    check: async ({ store, other, flow }) => {
      const runs = [run(flow, 10), run(flow, 30), run(flow, 20)] as const
      await store.runs.addRuns(runs)
      await other.runs.addRuns([runs[1], { ...runs[0], trigger: 'changed' }, run(`${flow}-2`, 40)])
      await store.runs.addRuns([])
      expect(await other.runs.list({ flow })).toEqual([runs[1], runs[2], runs[0]])
      expect(await store.runs.list({ flow, limit: 1 })).toEqual([runs[1]])
      expect((await store.runs.list({})).map(({ flow }) => flow)).toEqual(expect.arrayContaining([flow, `${flow}-2`]))
      expect(await other.runs.get(runs[2].id)).toEqual(runs[2])
      expect(await other.runs.get(`nobody-${flow}`)).toBeUndefined()
    },
  },
  {
    name: 'runs: are listed by namespace and by their start, which counts',
    check: async ({ store, other, flow }) => {
      const runs = [run(flow, 0), run(flow, 10), { ...run(flow, 20), namespace: 'elsewhere' }] as const
      await store.runs.addRuns(runs)
      expect(await other.runs.list({ flow, namespace: 'default' })).toEqual([runs[1], runs[0]])
      expect(await other.runs.list({ flow, startedFrom: startedAt + 10 })).toEqual([runs[2], runs[1]])
      expect(await other.runs.list({ flow, startedFrom: startedAt, namespace: 'elsewhere' })).toEqual([runs[2]])
      expect(await other.runs.list({ namespace: flow })).toEqual([])
      const all = await other.runs.list({ namespace: 'elsewhere', startedFrom: startedAt + 20 })
      expect(all).toContainEqual(runs[2])
      expect(all).not.toContainEqual(runs[1])
    },
  },
  {
    name: 'runs: what found no room is counted',
    check: async ({ store, other }) => {
      const before = await store.runs.dropped()
      await store.runs.addDropped(3)
      await other.runs.addDropped(4)
      expect(await other.runs.dropped()).toBe(before + 7)
    },
  },
  {
    name: 'runs: a batch that comes again adds nothing, from whoever it comes, also after others',
    check: async ({ store, other, flow }) => {
      const begun = run(flow, 0)
      const events = [2, 0, 1].map((at) => stepEvent(flow, begun.id, { at: startedAt + at, children: at }))
      const batch = encodeObservations(
        [{ kind: 'run', run: begun }, ...events.map((event) => ({ kind: 'event', event }) as const)],
        { id: `batch-of-${flow}`, at: startedAt + 9, publisher: flow, from: 0 },
      )
      const next = encodeObservations(
        [{ kind: 'event', event: stepEvent(flow, begun.id, { at: startedAt + 5, parentId: 'p' }) }],
        { id: `next-of-${flow}`, at: startedAt + 9, publisher: flow, from: 4 },
      )
      await Promise.all([store.runs.addBatches([batch]), other.runs.addBatches([batch])])
      await store.runs.addBatches([])
      await store.runs.addBatches([batch, next])
      await other.runs.addBatches([next, batch])
      expect(await other.runs.list({ flow })).toEqual([begun])
      const kept = await store.runs.events(begun.id)
      expect(kept.map(({ at }) => at - startedAt)).toEqual([0, 1, 2, 5])
      expect(kept[3]).toMatchObject({ parentId: 'p' })
      expect(kept.slice(0, 3)).toEqual([events[1], events[2], events[0]])
      expect(await other.runs.events(begun.id, 2)).toEqual([events[1], events[2]])
    },
  },
  {
    name: 'runs: events are taken in bulk and come back in order, each with its run',
    check: async ({ store, other, flow }) => {
      const ofOne = Array.from({ length: 600 }, (_, at) => stepEvent(flow, `${flow}-one`, { at: startedAt + at }))
      const failed = stepEvent(flow, `${flow}-two`, { kind: 'retried', parentId: 'p', code: 'Boom', error: '✓ "boom"' })
      await store.runs.addEvents([...ofOne.slice(0, 300), failed])
      await store.runs.addEvents(ofOne.slice(300))
      await store.runs.addEvents([])
      expect(await other.runs.events(`${flow}-one`)).toEqual(ofOne)
      expect(await other.runs.events(`${flow}-two`)).toEqual([failed])
      expect(await store.runs.events(`${flow}-three`)).toEqual([])
    },
  },
]
