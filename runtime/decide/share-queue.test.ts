import { describe, expect, it } from 'vitest'
import type { QueueLook, QueueShare, QueueStanding } from './share-queue.ts'
import { decideShare, isAlwaysConsumed, unknownShare } from './share-queue.ts'

const second: QueueStanding = { rank: 1, hasOneConsumer: false }
const third: QueueStanding = { rank: 2, hasOneConsumer: false }
const left: QueueShare = { ...unknownShare, isConsumed: false }

/** `[seconds, ready, consumers]` */
function looks(...each: readonly (readonly [number, number, number])[]): readonly QueueLook[] {
  return each.map(([seconds, ready, consumers]) => ({ at: seconds * 1000, ready, consumers }))
}

function after(before: QueueShare, standing: QueueStanding, seen: readonly QueueLook[]): QueueShare {
  return seen.reduce((share, look) => decideShare(share, standing, look), before)
}

const calm = looks([0, 0, 2], [3, 0, 2], [6, 0, 2], [10, 0, 2])

describe('decideShare', () => {
  it.each([
    { name: 'nothing waits: others have it', before: left, seen: looks([0, 0, 1], [9, 0, 1]), want: false },
    { name: 'nobody consumes it', before: left, seen: looks([0, 0, 0]), want: true },
    { name: 'a backlog of a moment is no reason', before: left, seen: looks([0, 90, 1], [3, 90, 1]), want: false },
    { name: 'a backlog that stays is', before: left, seen: looks([0, 9, 1], [2, 9, 1], [5, 9, 1]), want: true },
    { name: 'one that grows is', before: left, seen: looks([0, 1, 1], [5, 90, 1]), want: true },
    { name: 'one that is gone in time is not', before: left, seen: looks([0, 90, 1], [5, 30, 1]), want: false },
    { name: 'one that shrinks too slowly is', before: left, seen: looks([0, 90, 1], [5, 80, 1]), want: true },
    {
      name: 'what was empty in between is two moments',
      before: left,
      seen: looks([0, 9, 1], [3, 0, 1], [6, 9, 1]),
      want: false,
    },
    { name: 'looks from before a pause count no more', before: left, seen: looks([0, 9, 1], [60, 9, 1]), want: false },
    {
      name: 'looks from before the clock was set back, neither',
      before: left,
      seen: looks([100, 9, 1], [3, 9, 1]),
      want: false,
    },
    { name: 'what has just been found is kept', before: unknownShare, seen: looks([0, 0, 2]), want: true },
    { name: 'it is left after a calm', before: unknownShare, seen: calm, want: false },
    {
      name: 'not while anything waits now and then',
      before: unknownShare,
      seen: looks([0, 0, 2], [6, 1, 2], [12, 0, 2]),
      want: true,
    },
    { name: 'not when nobody else consumes it', before: unknownShare, seen: looks([0, 0, 1], [60, 0, 1]), want: true },
  ])('$name', ({ before, seen, want }) => {
    expect(after(before, second, seen).isConsumed).toBe(want)
  })

  it('leaves a queue at once to as many as come before, else when it is its turn: never do all leave', () => {
    expect(after(unknownShare, third, looks([0, 0, 3], [10, 0, 3])).isConsumed).toBe(false)
    expect(after(unknownShare, third, calm).isConsumed).toBe(true)
    expect(after(unknownShare, third, [...calm, ...looks([20, 0, 2], [29, 0, 2])]).isConsumed).toBe(true)
    expect(after(unknownShare, third, [...calm, ...looks([20, 0, 2], [30, 0, 2])]).isConsumed).toBe(false)
    expect(after(unknownShare, third, [...calm, ...looks([20, 0, 3], [29, 0, 2], [40, 0, 2])]).isConsumed).toBe(false)
    expect(after(unknownShare, third, [...calm, ...looks([11, 0, 1], [30, 0, 2])]).isConsumed).toBe(true)
  })

  it('is slower to leave each time that it came back', () => {
    const back = after(left, second, looks([0, 9, 1], [5, 9, 1]))
    expect(after(back, second, looks([10, 0, 2], [20, 0, 2])).isConsumed).toBe(true)
    expect(after(back, second, looks([10, 0, 2], [20, 0, 2], [30, 0, 2])).isConsumed).toBe(false)
  })

  it('consumes a queue of which the broker says that it is gone: it may come back', () => {
    expect(decideShare(left, second, undefined).isConsumed).toBe(true)
  })
})

describe('isAlwaysConsumed', () => {
  it.each([
    { name: 'its own', standing: { rank: 0, hasOneConsumer: false }, want: true },
    { name: "not another's", standing: second, want: false },
    {
      name: 'as the next in line where one consumer works at a time',
      standing: { rank: 1, hasOneConsumer: true },
      want: true,
    },
    { name: 'and not as the one behind', standing: { rank: 2, hasOneConsumer: true }, want: false },
  ])('$name', ({ standing, want }) => {
    expect(isAlwaysConsumed(standing)).toBe(want)
  })
})
