import { expect } from 'vitest'
import type { StorePromise } from './store-promise.ts'
import { awkwardValues, count, race } from './store-promise.ts'

function ownerIn(flow: string) {
  return { flow, step: 'fetch', component: 'crm', function: 'getContacts' }
}

export const snapshotPromises: readonly StorePromise[] = [
  {
    name: 'snapshots: begin with nothing, are written at the version that was read, and read by all',
    check: async ({ store, other, flow }) => {
      const queue = `${flow}.fetch`
      expect(await store.snapshots.read(queue)).toBeUndefined()
      const opened = await store.snapshots.open(queue)
      expect(opened).toMatchObject({ value: undefined, settled: [] })
      expect(await store.snapshots.write(queue, opened, { value: { cursor: 7 }, settled: ['m1', 'm2'] })).toBe(
        'written',
      )
      const { epoch, version } = opened
      const expected = { epoch, version: version + 1, value: { cursor: 7 }, settled: ['m1', 'm2'] }
      expect(await other.snapshots.read(queue)).toEqual(expected)
      expect(await store.snapshots.write(queue, expected, { value: 8, settled: [] })).toBe('written')
      expect(await other.snapshots.read(queue)).toEqual({ epoch, version: version + 2, value: 8, settled: [] })
    },
  },
  {
    name: 'snapshots: give every JSON value back as it was',
    check: async ({ store, other, flow }) => {
      const queue = `${flow}.fetch`
      let fence = await store.snapshots.open(queue)
      for (const value of awkwardValues) {
        expect(await store.snapshots.write(queue, fence, { value, settled: [] })).toBe('written')
        fence = { ...fence, version: fence.version + 1 }
        expect((await other.snapshots.read(queue))?.value).toEqual(value)
      }
    },
  },
  {
    name: 'snapshots: do not change with what was given or got',
    check: async ({ store, flow }) => {
      const value = { cursor: [1] }
      const settled = ['m1']
      await store.snapshots.write(flow, await store.snapshots.open(flow), { value, settled })
      value.cursor.push(2)
      settled.push('m2')
      const got = await store.snapshots.read(flow)
      expect(got).toMatchObject({ value: { cursor: [1] }, settled: ['m1'] })
      Object.assign(got?.value as object, { cursor: 'spoilt' })
      expect(await store.snapshots.read(flow)).toMatchObject({ value: { cursor: [1] } })
    },
  },
  {
    name: 'snapshots: a conflict for who was replaced, who is behind, and who never opened; nothing is written then',
    check: async ({ store, other, flow }) => {
      const next = { value: 'mine', settled: [] }
      expect(await store.snapshots.write(flow, { epoch: 1, version: 0 }, next)).toBe('conflict')
      const replaced = await store.snapshots.open(flow)
      const owner = await other.snapshots.open(flow)
      expect(owner.epoch).toBeGreaterThan(replaced.epoch)
      expect(await store.snapshots.write(flow, replaced, next)).toBe('conflict')
      expect(await store.snapshots.read(flow)).toEqual(owner)
      expect(await other.snapshots.write(flow, owner, next)).toBe('written')
      expect(await other.snapshots.write(flow, owner, { value: 'behind', settled: [] })).toBe('conflict')
      const ahead = { epoch: owner.epoch, version: owner.version + 9 }
      expect(await other.snapshots.write(flow, ahead, { value: 'ahead', settled: [] })).toBe('conflict')
      expect((await store.snapshots.read(flow))?.value).toBe('mine')
    },
  },
  {
    name: 'snapshots: of many that take over at once each gets an epoch of its own; of many that write at once one succeeds',
    check: async (bench) => {
      const opened = await race(bench, 10, (store) => store.snapshots.open(bench.flow))
      const epochs = opened.map(({ epoch }) => epoch)
      expect(new Set(epochs).size).toBe(20)
      const last = Math.max(...epochs)
      const fence = { epoch: last, version: 0 }
      const written = await race(bench, 10, (store, at) =>
        store.snapshots.write(bench.flow, fence, { value: at, settled: [] }),
      )
      expect(count(written, 'written')).toBe(1)
      const { value } = (await bench.store.snapshots.read(bench.flow)) ?? {}
      expect(value).toBe(written.indexOf('written'))
    },
  },
  {
    name: 'snapshots: a new queue begins as a copy of what was written last under the same owner, an old one keeps its own',
    check: async ({ store, other, flow }) => {
      const inherit = ownerIn(flow)
      const old = await store.snapshots.open(`${flow}.old`, inherit)
      const older = await store.snapshots.open(`${flow}.older`, inherit)
      await store.snapshots.write(`${flow}.older`, older, { value: 'older', settled: ['m0'] })
      await store.snapshots.write(`${flow}.old`, old, { value: 'latest', settled: ['m1'] })

      const renewed = await other.snapshots.open(`${flow}.new`, inherit)
      expect(renewed).toMatchObject({ value: 'latest', settled: ['m1'] })
      expect(await other.snapshots.write(`${flow}.new`, renewed, { value: 'newer', settled: ['m2'] })).toBe('written')
      expect(await store.snapshots.read(`${flow}.old`)).toMatchObject({ value: 'latest' })
      expect(await store.snapshots.open(`${flow}.older`, inherit)).toMatchObject({ value: 'older', settled: ['m0'] })
      expect(await store.snapshots.open(`${flow}.newest`, inherit)).toMatchObject({ value: 'newer', settled: ['m2'] })
    },
  },
  {
    name: "snapshots: a flow's queues that have one are known by the first part of their names",
    check: async ({ store, other, flow }) => {
      expect(await store.snapshots.queues(flow)).toEqual([])
      const queues = [`${flow}.fetch.h.1`, `${flow}.fetch.h.2`, `${flow}._core.h.1`]
      for (const queue of [...queues, `${flow}-2.fetch.h.1`, `${flow}2`, `2.${flow}`]) await store.snapshots.open(queue)
      expect((await other.snapshots.queues(flow)).toSorted()).toEqual(queues.toSorted())
    },
  },
  {
    name: 'snapshots: of a flow that is gone are removed, those of no other; a late write is a conflict, and nobody inherits',
    check: async ({ store, other, flow }) => {
      const inherit = ownerIn(flow)
      const own = [flow, `${flow}.fetch.h.1`, `${flow}.fetch.h.2`]
      const others = [`${flow}-2.fetch.h.1`, `${flow}2`, `2.${flow}`]
      for (const queue of [...own, ...others]) {
        const state = await store.snapshots.open(queue, inherit)
        await store.snapshots.write(queue, state, { value: queue, settled: [] })
      }
      // Another owner's, or the new queue below would inherit from it.
      for (const queue of others) await store.snapshots.open(queue, ownerIn(`${flow}-2`))
      const late = (await store.snapshots.read(own[1] ?? '')) ?? { epoch: 0, version: 0 }
      await other.snapshots.remove(flow)
      await store.snapshots.remove(flow)
      expect(await store.snapshots.queues(flow)).toEqual([])
      for (const queue of own) expect(await store.snapshots.read(queue)).toBeUndefined()
      for (const queue of others) expect(await other.snapshots.read(queue)).toMatchObject({ value: queue })
      expect(await store.snapshots.write(own[1] ?? '', late, { value: 'late', settled: [] })).toBe('conflict')
      expect(await store.snapshots.open(`${flow}.fetch.h.3`, inherit)).toMatchObject({ epoch: 1, value: undefined })
    },
  },
  {
    name: 'snapshots: are not inherited by another flow, step, component or function',
    check: async ({ store, flow }) => {
      const inherit = ownerIn(flow)
      const state = await store.snapshots.open(`${flow}.old`, inherit)
      await store.snapshots.write(`${flow}.old`, state, { value: 'mine', settled: [] })
      for (const field of ['flow', 'step', 'component', 'function'] as const) {
        const stranger = { ...inherit, [field]: `${inherit[field]}-2` }
        expect(await store.snapshots.open(`${flow}.${field}`, stranger)).toMatchObject({
          value: undefined,
          settled: [],
        })
      }
      expect(await store.snapshots.open(`${flow}.nobody`)).toMatchObject({ value: undefined, settled: [] })
    },
  },
]
