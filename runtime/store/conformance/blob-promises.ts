import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import type { StorePromise } from './store-promise.ts'
import { race, startedAt } from './store-promise.ts'

const later = startedAt + 3_600_000

export const blobPromises: readonly StorePromise[] = [
  {
    name: 'blobs: are kept as they are, of no byte, of every byte and of 10 MB',
    check: async ({ store, other, flow }) => {
      const blobs = [Buffer.alloc(0), Buffer.from(Uint8Array.from({ length: 256 }, (_, at) => at)), randomBytes(10e6)]
      for (const [at, bytes] of blobs.entries()) {
        await store.blobs.put(`${flow}-${at}`, bytes, later)
        const got = await other.blobs.get(`${flow}-${at}`)
        expect(Buffer.compare(got ?? Buffer.from('none'), bytes)).toBe(0)
      }
      expect(await store.blobs.get(`${flow}-nothing`)).toBeUndefined()
    },
  },
  {
    name: 'blobs: do not change with what was given or got',
    check: async ({ store, flow }) => {
      const bytes = Buffer.from('mine')
      await store.blobs.put(flow, bytes, later)
      bytes.fill(0)
      const got = await store.blobs.get(flow)
      expect(got?.toString()).toBe('mine')
      got?.fill(0)
      expect((await store.blobs.get(flow))?.toString()).toBe('mine')
    },
  },
  {
    name: 'blobs: put again, or many times at once, are one; an earlier end does not shorten what was promised',
    check: async (bench) => {
      const bytes = randomBytes(3_000_000)
      await race(bench, 3, (store, at) => store.blobs.put(bench.flow, bytes, later + at))
      await bench.store.blobs.put(bench.flow, bytes, startedAt - 1)
      expect(Buffer.compare((await bench.other.blobs.get(bench.flow)) ?? Buffer.alloc(0), bytes)).toBe(0)
    },
  },
]

export const trialPromises: readonly StorePromise[] = [
  {
    name: 'trials: are counted until one comes to an end',
    check: async ({ store, other, flow }) => {
      expect(await store.trials.begin(flow)).toBe(1)
      expect(await other.trials.begin(flow)).toBe(2)
      expect(await store.trials.begin(`${flow}-2`)).toBe(1)
      expect(await store.trials.begin(flow)).toBe(3)
      await other.trials.end(flow)
      await other.trials.end(flow)
      expect(await store.trials.begin(flow)).toBe(1)
      expect(await store.trials.begin(`${flow}-2`)).toBe(2)
    },
  },
  {
    name: 'trials: many that begin at once are each counted once',
    check: async (bench) => {
      const counts = await race(bench, 10, (store) => store.trials.begin(bench.flow))
      expect(counts.toSorted((left, right) => left - right)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
    },
  },
]
