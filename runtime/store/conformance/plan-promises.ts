import { expect } from 'vitest'
import { TransientError } from '../../error.ts'
import { flowState } from './flow-promises.ts'
import type { StorePromise } from './store-promise.ts'
import { deadLetter, headersOf, plan, race } from './store-promise.ts'

export const planPromises: readonly StorePromise[] = [
  {
    name: 'plans: are found by number, and the highest is the latest',
    check: async ({ store, other, flow }) => {
      expect(await store.plans.latest(flow)).toBeUndefined()
      for (const revision of [2, 10, 9]) await store.plans.put(plan(flow, revision))
      await store.plans.put(plan(`${flow}-2`, 11))
      expect(await other.plans.get(flow, 9)).toEqual(plan(flow, 9))
      expect(await other.plans.get(flow, 3)).toBeUndefined()
      expect(await other.plans.latest(flow)).toEqual(plan(flow, 10))
    },
  },
  {
    name: 'plans: a number stands for one plan for ever; the same one may be put again, in a newer form',
    check: async ({ store, other, flow }) => {
      await store.plans.put(plan(flow, 1))
      const rewritten = { ...plan(flow, 1), carried: { steps: {}, trigger: [['data']] } }
      await other.plans.put(rewritten)
      expect(await store.plans.get(flow, 1)).toEqual(rewritten)
      await expect(other.plans.put(plan(flow, 1, 'another hash'))).rejects.toMatchObject({
        name: 'PermanentError',
        code: 'RevisionTaken',
      })
      expect(await store.plans.get(flow, 1)).toEqual(rewritten)
    },
  },
  {
    name: 'plans: of many that take the same number at once one succeeds',
    check: async (bench) => {
      const outcomes = await race(bench, 5, (store, at) =>
        store.plans.put(plan(bench.flow, 1, `hash ${at}`)).then(
          () => `hash ${at}`,
          () => 'refused',
        ),
      )
      const winners = outcomes.filter((outcome) => outcome !== 'refused')
      expect(winners).toEqual([(await bench.store.plans.get(bench.flow, 1))?.hash])
    },
  },
  {
    name: 'plans: those that are kept are known, lowest first, and one that is removed is gone',
    check: async ({ store, other, flow }) => {
      expect(await store.plans.revisions(flow)).toEqual([])
      for (const revision of [2, 10, 9]) await store.plans.put(plan(flow, revision))
      expect(await other.plans.revisions(flow)).toEqual([2, 9, 10])
      await other.plans.remove(flow, 10)
      await store.plans.remove(flow, 10)
      expect(await store.plans.get(flow, 10)).toBeUndefined()
      expect(await store.plans.latest(flow)).toEqual(plan(flow, 9))
      expect(await store.plans.revisions(flow)).toEqual([2, 9])
    },
  },
  {
    name: 'tracked runs: are active until none of their messages is pending',
    check: async ({ store, other, flow }) => {
      expect(await store.trackedRuns.active(flow)).toEqual([])
      await store.trackedRuns.add(flow, 'r1', ['m1', 'm2'])
      await other.trackedRuns.add(flow, 'r1', ['m2', 'm3'])
      await store.trackedRuns.add(flow, 'r2', ['m1'])
      await store.trackedRuns.add(flow, 'r3', [])
      await store.trackedRuns.add(`${flow}-2`, 'r4', ['m1'])
      for (const id of ['m1', 'm1', 'm2', 'm9']) await other.trackedRuns.remove(flow, 'r1', id)
      expect((await store.trackedRuns.active(flow)).toSorted()).toEqual(['r1', 'r2'])
      await other.trackedRuns.remove(flow, 'r1', 'm3')
      expect(await store.trackedRuns.active(flow)).toEqual(['r2'])
      await store.trackedRuns.remove(flow, 'r2', 'm1')
      expect(await other.trackedRuns.active(flow)).toEqual([])
      expect(await other.trackedRuns.active(`${flow}-2`)).toEqual(['r4'])
    },
  },
  {
    name: 'tracked runs: many who add and remove at once lose nothing',
    check: async (bench) => {
      const ids = Array.from({ length: 40 }, (_, at) => `m${at}`)
      await race(bench, 20, (store, at) => store.trackedRuns.add(bench.flow, 'r1', [ids[at] ?? '', `kept-${at}`]))
      await race(bench, 20, (store, at) => store.trackedRuns.remove(bench.flow, 'r1', ids[at] ?? ''))
      expect(await bench.store.trackedRuns.active(bench.flow)).toEqual(['r1'])
      await race(bench, 20, (store, at) => store.trackedRuns.remove(bench.flow, 'r1', `kept-${at}`))
      expect(await bench.store.trackedRuns.active(bench.flow)).toEqual([])
    },
  },
]

/** To be checked on a store that nobody needs any more. */
export const closePromise: StorePromise = {
  name: 'refuses every call after close as something that may work later, elsewhere',
  check: async ({ store, flow }) => {
    expect(store.health()).toEqual({ kind: 'ready' })
    await store.close()
    await store.close()
    const owner = { replay: 0, attempt: 1, copy: 'a' }
    const calls = [
      () => store.snapshots.open(flow),
      () => store.snapshots.read(flow),
      () => store.deadLetters.put(deadLetter(flow)),
      () => store.deadLetters.list({}),
      () => store.runs.addRuns([]),
      () => store.runs.list({}),
      () => store.fires.insert({ flow, trigger: headersOf(flow).trigger, at: 1, revision: 1 }),
      () => store.fires.due(1),
      () => store.claims.take(flow, owner, { nowMs: 1, windowMs: 1 }),
      () => store.plans.put(plan(flow, 1)),
      () => store.plans.latest(flow),
      () => store.trackedRuns.add(flow, 'r1', ['m1']),
      () => store.trackedRuns.active(flow),
      () => store.flows.put(flowState(flow), 0),
      () => store.flows.list(),
      () => store.blobs.put(flow, Buffer.alloc(1), 1),
      () => store.blobs.get(flow),
      () => store.trials.begin(flow),
      () => store.rateBudgets.pause(flow, 1),
      () => store.members.announce({ id: flow }, 1),
      () => store.deadLetters.scan({})[Symbol.asyncIterator]().next(),
    ]
    for (const call of calls) await expect(call()).rejects.toThrow(TransientError)
    expect(store.health()).toMatchObject({ kind: 'unreachable', reason: expect.stringContaining('closed') })
  },
}
