import { expect } from 'vitest'
import type { Fire } from '../store.ts'
import type { StorePromise } from './store-promise.ts'
import { count, race } from './store-promise.ts'

function fire(flow: string, at: number, trigger = 'nightly'): Fire {
  return { flow, trigger, at, revision: 3 }
}

export const firePromises: readonly StorePromise[] = [
  {
    name: 'fires: of many that insert the same one at once one succeeds',
    check: async (bench) => {
      const inserted = await race(bench, 10, (store, at) =>
        store.fires.insert({ ...fire(bench.flow, 1000), revision: at }),
      )
      expect(count(inserted, true)).toBe(1)
      await bench.store.fires.markPublished(fire(bench.flow, 1000))
      expect(await bench.other.fires.insert(fire(bench.flow, 1000))).toBe(false)
    },
  },
  {
    name: 'fires: another flow, trigger or time is another fire',
    check: async ({ store, flow }) => {
      const fires = [fire(flow, 1000), fire(flow, 1001), fire(flow, 1000, 'hourly'), fire(`${flow}-2`, 1000)]
      for (const one of fires) expect(await store.fires.insert(one)).toBe(true)
      for (const one of fires) expect(await store.fires.insert(one)).toBe(false)
    },
  },
  {
    name: 'fires: are due until they are published, oldest first, before the instant and with their revision',
    check: async ({ store, other, flow }) => {
      for (const at of [3000, 1000, 2000, 4000]) await store.fires.insert(fire(flow, at))
      const due = async (before: number): Promise<readonly Fire[]> =>
        (await other.fires.due(before)).filter((one) => one.flow === flow)
      expect(await due(4000)).toEqual([fire(flow, 1000), fire(flow, 2000), fire(flow, 3000)])
      await other.fires.markPublished(fire(flow, 2000))
      await other.fires.markPublished(fire(flow, 2000))
      await store.fires.markPublished(fire(flow, 9999))
      expect(await due(4001)).toEqual([fire(flow, 1000), fire(flow, 3000), fire(flow, 4000)])
    },
  },
  {
    name: 'fires: of a flow that is gone are removed, the latest times too, those of no other',
    check: async ({ store, other, flow }) => {
      const others = [`${flow}-2`, `${flow}2`, `2${flow}`]
      for (const owner of [flow, ...others]) {
        for (const one of [fire(owner, 1000), fire(owner, 2000), fire(owner, 3000, 'hourly')]) {
          await store.fires.insert(one)
          if (one.at !== 1000) await store.fires.markPublished(one)
        }
      }
      await other.fires.remove(flow)
      await store.fires.remove(flow)
      const latest = (owner: string) =>
        Promise.all(['nightly', 'hourly'].map((trigger) => store.fires.latest(owner, trigger)))
      expect(await latest(flow)).toEqual([undefined, undefined])
      for (const owner of others) expect(await latest(owner)).toEqual([2000, 3000])
      const due = (await other.fires.due(9999)).filter((one) => one.flow.includes(flow))
      expect(due.map((one) => one.flow).toSorted()).toEqual(others.toSorted())
      expect(await store.fires.insert(fire(flow, 2000))).toBe(true)
    },
  },
  {
    name: 'fires: the latest time is known, due or published, in whatever order they came',
    check: async ({ store, other, flow }) => {
      expect(await store.fires.latest(flow, 'nightly')).toBeUndefined()
      await store.fires.insert(fire(flow, 5000))
      await store.fires.insert(fire(flow, 4000))
      await store.fires.insert(fire(flow, 9000, 'hourly'))
      expect(await other.fires.latest(flow, 'nightly')).toBe(5000)
      await store.fires.markPublished(fire(flow, 5000))
      expect(await other.fires.latest(flow, 'nightly')).toBe(5000)
    },
  },
]
