import { randomBytes, randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { DeadLetter } from '../store.ts'
import type { StorePromise } from './store-promise.ts'
import { awkwardValues, count, deadLetter, race } from './store-promise.ts'

function idsOf(letters: readonly DeadLetter[]): string[] {
  return letters.map(({ id }) => id)
}

export const deadLetterPromises: readonly StorePromise[] = [
  {
    name: 'dead letters: are kept as they are, with bodies of every byte and of 10 MB',
    check: async ({ store, other, flow }) => {
      const bodies = [Buffer.alloc(0), Buffer.from(Uint8Array.from({ length: 256 }, (_, at) => at)), randomBytes(10e6)]
      for (const body of bodies) {
        const letter = deadLetter(flow, { body, message: JSON.stringify(awkwardValues[8]), code: 'Ümläut' })
        await store.deadLetters.put(letter)
        const got = await other.deadLetters.get(letter)
        expect(Buffer.compare(got?.body ?? Buffer.from('none'), body)).toBe(0)
        expect({ ...got, body: undefined }).toEqual({ ...letter, body: undefined })
      }
      expect(await store.deadLetters.get({ id: 'nobody', step: 'store', replay: 0 })).toBeUndefined()
    },
  },
  {
    name: 'dead letters: one of the same id, step and replay takes the place of the earlier, another stands beside it',
    check: async ({ store, other, flow }) => {
      const letter = deadLetter(flow)
      await store.deadLetters.put(letter)
      await other.deadLetters.put({ ...letter, code: 'StepTimedOut', attempts: 6, body: Buffer.from('again') })
      await store.deadLetters.put({ ...letter, replay: 1 })
      await store.deadLetters.put({ ...letter, step: 'vip' })
      expect(await store.deadLetters.list({ flow })).toHaveLength(3)
      const got = await store.deadLetters.get(letter)
      expect(got).toMatchObject({ code: 'StepTimedOut', attempts: 6 })
      expect(Buffer.from(got?.body ?? []).toString()).toBe('again')
    },
  },
  {
    name: 'dead letters: a terminal state is never undone, and given to one caller only',
    check: async (bench) => {
      const { store, other, flow } = bench
      for (const state of ['replayed', 'dropped'] as const) {
        const letter = deadLetter(flow)
        await store.deadLetters.put(letter)
        const marked = await race(bench, 5, (store) => store.deadLetters.mark(letter, state))
        expect(count(marked, true)).toBe(1)
        expect(await store.deadLetters.mark(letter, state === 'dropped' ? 'replayed' : 'dropped')).toBe(false)
        await other.deadLetters.put({ ...letter, code: 'Late' })
        expect(await store.deadLetters.get(letter)).toMatchObject({ state, code: letter.code })
      }
      expect(await store.deadLetters.mark({ id: randomUUID(), step: 'store', replay: 0 }, 'dropped')).toBe(false)
    },
  },
  {
    name: 'dead letters: put many times at once are one',
    check: async (bench) => {
      const letter = deadLetter(bench.flow)
      await race(bench, 10, (store, at) => store.deadLetters.put({ ...letter, attempts: at + 1 }))
      expect(await bench.store.deadLetters.list({ flow: bench.flow })).toHaveLength(1)
    },
  },
  {
    name: 'dead letters: are listed newest first, by every field of the filter, up to the limit',
    check: async ({ store, flow }) => {
      const letters = [
        deadLetter(flow, { diedAt: 1000 }),
        deadLetter(flow, { diedAt: 3000, step: 'vip' }),
        deadLetter(flow, { diedAt: 2000, code: 'StepTimedOut' }),
        deadLetter(flow, { diedAt: 4000, run: `other-run-of-${flow}` }),
        deadLetter(`${flow}-2`, { diedAt: 5000 }),
      ] as const
      for (const letter of letters) await store.deadLetters.put(letter)
      await store.deadLetters.mark(letters[0], 'dropped')
      const [first, vip, timedOut, otherRun] = idsOf(letters)
      const list = async (filter: object): Promise<string[]> => idsOf(await store.deadLetters.list({ flow, ...filter }))
      expect(await list({})).toEqual([otherRun, vip, timedOut, first])
      expect(await list({ limit: 2 })).toEqual([otherRun, vip])
      expect(await list({ step: 'vip' })).toEqual([vip])
      expect(await list({ code: 'StepTimedOut' })).toEqual([timedOut])
      expect(await list({ run: `other-run-of-${flow}` })).toEqual([otherRun])
      expect(await list({ state: 'dropped' })).toEqual([first])
      expect(await list({ state: 'dead', step: 'store' })).toEqual([otherRun, timedOut])
      expect(await list({ state: 'replayed' })).toEqual([])
      const counted = (filter: object): Promise<number> => store.deadLetters.count({ flow, ...filter })
      expect(await Promise.all([{}, { state: 'dead' }, { code: 'StepTimedOut' }].map(counted))).toEqual([4, 3, 1])
      expect(await counted({ diedFrom: 2000, diedTo: 3000 })).toBe(2)
      expect(await counted({ state: 'replayed' })).toBe(0)
    },
  },
  {
    name: 'dead letters: are listed by the time of their death, both ends included',
    check: async ({ store, flow }) => {
      const letters = [1000, 2000, 3000].map((diedAt) => deadLetter(flow, { diedAt }))
      for (const letter of letters) await store.deadLetters.put(letter)
      const times = async (filter: object): Promise<number[]> =>
        (await store.deadLetters.list({ flow, ...filter })).map(({ diedAt }) => diedAt)
      expect(await times({ diedFrom: 2000 })).toEqual([3000, 2000])
      expect(await times({ diedTo: 2000 })).toEqual([2000, 1000])
      expect(await times({ diedFrom: 2000, diedTo: 2000 })).toEqual([2000])
      expect(await times({ diedFrom: 2001, diedTo: 2999 })).toEqual([])
    },
  },
  {
    name: 'dead letters: a scan gives what a list gives, in its order, however many there are, while they are settled',
    check: async ({ store, other, flow }) => {
      // Some of the same instant: none may be left out, or given twice, between two pages.
      const letters = Array.from({ length: 90 }, (_, at) => deadLetter(flow, { diedAt: 1000 + Math.floor(at / 35) }))
      for (const letter of letters) await store.deadLetters.put(letter)
      await store.deadLetters.put(deadLetter(`${flow}-2`))
      const scanned = async (filter: object): Promise<string[]> => {
        const ids: string[] = []
        for await (const letter of other.deadLetters.scan({ flow, ...filter })) {
          ids.push(letter.id)
          await store.deadLetters.mark(letter, 'replayed')
        }
        return ids
      }
      const listed = idsOf(await store.deadLetters.list({ flow }))
      expect(new Set(listed)).toEqual(new Set(idsOf(letters)))
      expect(await scanned({ limit: 3 })).toEqual(listed.slice(0, 3))
      expect(await scanned({ state: 'dead' })).toEqual(listed.slice(3))
      expect(await scanned({})).toEqual(listed)
      expect(await scanned({ state: 'dead' })).toEqual([])
    },
  },
]
