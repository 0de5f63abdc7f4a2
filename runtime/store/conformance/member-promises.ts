import { expect, vi } from 'vitest'
import type { PoolMember } from '../../decide/queue-rank.ts'
import type { StorePromise } from './store-promise.ts'

const longMs = 600_000

/** Those of one check: others share the store. */
function ofCheck(members: readonly PoolMember[], flow: string): readonly PoolMember[] {
  return members.filter(({ id }) => id.startsWith(flow)).toSorted((left, right) => (left.id < right.id ? -1 : 1))
}

export const memberPromises: readonly StorePromise[] = [
  {
    name: 'members: who has announced himself is seen by all, with the pools that he serves, until he leaves',
    check: async ({ store, other, flow }) => {
      const [all, some] = [{ id: `${flow}-a` }, { id: `${flow}-b`, pools: ['core', 'Component/shop', '$x.y'] }]
      expect(ofCheck(await store.members.announce(all, longMs), flow)).toEqual([all])
      expect(ofCheck(await other.members.announce(some, longMs), flow)).toEqual([all, some])
      expect(ofCheck(await store.members.announce(all, longMs), flow)).toEqual([all, some])
      await store.members.leave(all.id)
      await store.members.leave(all.id)
      expect(ofCheck(await other.members.announce(some, longMs), flow)).toEqual([some])
    },
  },
  {
    name: 'members: who has not announced himself for so long is there no more, and may come again',
    check: async ({ store, other, flow }) => {
      const [short, long] = [{ id: `${flow}-short` }, { id: `${flow}-long` }]
      await store.members.announce(short, 1)
      await vi.waitFor(async () => expect(ofCheck(await other.members.announce(long, longMs), flow)).toEqual([long]))
      expect(ofCheck(await store.members.announce(short, longMs), flow)).toEqual([long, short])
    },
  },
]
