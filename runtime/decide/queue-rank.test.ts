import { describe, expect, it } from 'vitest'
import { queueRank, servesPool } from './queue-rank.ts'

function members(count: number): readonly { readonly id: string }[] {
  return Array.from({ length: count }, (_, at) => ({ id: `shop-6f9c7d-${at}` }))
}

const queues = Array.from({ length: 2000 }, (_, at) => `b3f1c2d4.step-${at}.0a1b2c3d.1`)

function ownerOf(queue: string, among: readonly { readonly id: string }[]): string {
  const first = among.filter(({ id }) => queueRank(queue, id, among) === 0).map(({ id }) => id)
  expect(first).toHaveLength(1)
  return first[0] ?? ''
}

describe('queueRank', () => {
  it('gives each member a place of its own, the same for whoever asks, and in whatever order they are listed', () => {
    const five = members(5)
    for (const queue of queues.slice(0, 50)) {
      const ranks = five.map(({ id }) => queueRank(queue, id, five))
      expect(ranks.toSorted((left, right) => left - right)).toEqual([0, 1, 2, 3, 4])
      expect(five.map(({ id }) => queueRank(queue, id, five.toReversed()))).toEqual(ranks)
    }
  })

  it.each([2, 3, 10])('shares queues evenly among %i', (count) => {
    const all = members(count)
    const owners = queues.map((queue) => ownerOf(queue, all))
    for (const { id } of all) {
      const share = owners.filter((owner) => owner === id).length / (queues.length / count)
      expect(share).toBeGreaterThan(0.75)
      expect(share).toBeLessThan(1.25)
    }
  })

  it('moves queues to a member that comes, and from one that goes, and no other', () => {
    const [nine, ten] = [members(9), members(10)]
    const moved = queues.filter((queue) => ownerOf(queue, nine) !== ownerOf(queue, ten))
    expect(moved.map((queue) => ownerOf(queue, ten))).toEqual(moved.map(() => 'shop-6f9c7d-9'))
    expect(moved.length).toBeLessThan(queues.length * 0.15)
  })

  it('counts who asks among the members, listed or not, and who is alone as the first', () => {
    expect(queueRank('q', 'self', [])).toBe(0)
    expect(queueRank('q', 'self', [{ id: 'self' }])).toBe(0)
    const [first, second] = members(2)
    expect(queueRank('q', first!.id, [second!])).toBe(queueRank('q', first!.id, [first!, second!]))
  })

  it('tells members apart whose names weigh the same, and one is never before itself', () => {
    const twice = [{ id: 'a' }, { id: 'a' }, { id: 'b' }]
    expect([queueRank('q', 'a', twice), queueRank('q', 'b', twice)].filter((rank) => rank === 0)).toHaveLength(1)
  })
})

describe('servesPool', () => {
  it.each([
    { name: 'all, without a list', member: {}, want: true },
    { name: 'one that is listed', member: { pools: ['core', 'Component/shop'] }, want: true },
    { name: 'none that is not', member: { pools: ['core'] }, want: false },
    { name: 'none by an empty list', member: { pools: [] }, want: false },
  ])('$name', ({ member, want }) => {
    expect(servesPool(member, 'Component/shop')).toBe(want)
  })
})
