import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { simulatedClock } from '../../runtime/clock.ts'
import { dueHeap } from './due-heap.ts'
import type { Priority } from './priority-lines.ts'
import { openWorkQueue, type WorkQueue } from './work-queue.ts'

function open() {
  const time = simulatedClock()
  const queue = openWorkQueue({ name: 'test', clock: { ...time, elapsed: time.now } })
  return { time, queue }
}

/** What can be taken without waiting, given back at once. */
async function drained(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = []
  while (queue.size() > 0) {
    const taken = await queue.take()
    if (taken === undefined) break
    keys.push(taken.key)
    queue.done(taken.key)
  }
  return keys
}

interface Step {
  readonly kind: 'add' | 'take' | 'done' | 'advance'
  readonly key: string
  readonly priority: Priority
  readonly afterMs: number
}

describe('a work queue', () => {
  it('gives what is most urgent first, and first come first served', async () => {
    const { queue } = open()
    for (const [key, priority] of [
      ['s1', 'startUp'],
      ['r1', 'resync'],
      ['s2', 'startUp'],
      ['u1', 'user'],
      ['c1', 'child'],
      ['u2', 'user'],
    ] as const)
      queue.add(key, priority)
    expect(await drained(queue)).toEqual(['u1', 'u2', 'c1', 'r1', 's1', 's2'])
  })

  it('holds a key once, with its most urgent priority', async () => {
    const { queue } = open()
    for (const priority of ['startUp', 'user', 'resync'] as const) queue.add('a', priority)
    queue.add('b', 'child')
    expect(queue.size()).toBe(2)
    expect(await queue.take()).toEqual({ key: 'a', priority: 'user' })
  })

  it('gives a key to one worker at a time, and again when it was added meanwhile', async () => {
    const { queue } = open()
    queue.add('a', 'user')
    await queue.take()
    queue.add('a', 'startUp')
    queue.add('a', 'child')
    expect(queue.size()).toBe(0)
    queue.done('a')
    expect(await queue.take()).toEqual({ key: 'a', priority: 'child' })
    queue.done('a')
    expect(queue.size()).toBe(0)
  })

  it('gives to whoever waits', async () => {
    const { queue } = open()
    const waiting = [queue.take(), queue.take()]
    queue.add('a', 'user')
    queue.add('b', 'startUp')
    expect(await Promise.all(waiting)).toMatchObject([{ key: 'a' }, { key: 'b' }])
  })

  it('waits longer after each failure, up to 1,000 s, and begins anew when told to', async () => {
    const { queue } = open()
    const taken = { key: 'a', priority: 'child' } as const
    const waits = Array.from({ length: 20 }, () => queue.retry(taken))
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(waits.slice(-2)).toEqual([1_000_000, 1_000_000])
    queue.forget('a')
    expect(queue.retry(taken)).toBe(5)
  })

  it('gives what was put off when it is due, the earliest of several wishes', async () => {
    const { time, queue } = open()
    queue.add('a', 'resync', 1_000)
    queue.add('a', 'startUp', 5_000)
    queue.add('b', 'user', 500)
    await time.advance(499)
    expect(queue.size()).toBe(0)
    await time.advance(1)
    expect(await drained(queue)).toEqual(['b'])
    await time.advance(500)
    expect(await queue.take()).toEqual({ key: 'a', priority: 'resync' })
    queue.done('a')
    expect(await time.runUntilIdle()).toBeLessThanOrEqual(1)
    expect(queue.size()).toBe(0)
  })

  it('counts a wish as fulfilled when the key is taken before', async () => {
    const { time, queue } = open()
    queue.add('a', 'resync', 1_000)
    queue.add('a', 'user')
    expect(await drained(queue)).toEqual(['a'])
    await time.advance(10_000)
    expect(queue.size()).toBe(0)
  })

  it('ends everybody’s waiting when it is closed, and takes nothing more', async () => {
    const { time, queue } = open()
    const waiting = queue.take()
    queue.add('later', 'user', 10)
    queue.close()
    queue.add('a', 'user')
    await time.advance(20)
    expect(await waiting).toBeUndefined()
    expect(await queue.take()).toBeUndefined()
  })

  it('loses no addition, whatever comes between: after the last one the key is given', async () => {
    const step: fc.Arbitrary<Step> = fc.record({
      kind: fc.constantFrom<Step['kind']>('add', 'take', 'done', 'advance'),
      key: fc.constantFrom('a', 'b', 'c'),
      priority: fc.constantFrom<Priority>('user', 'child', 'resync', 'startUp'),
      afterMs: fc.constantFrom(0, 0, 10, 50),
    })
    const property = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { time, queue } = open()
      const owed = new Set<string>()
      const held = new Set<string>()
      const take = async (): Promise<void> => {
        const taken = await queue.take()
        if (taken === undefined) return
        expect(held.has(taken.key)).toBe(false)
        held.add(taken.key)
        owed.delete(taken.key)
      }
      const moves: Record<Step['kind'], (step: Step) => Promise<void> | void> = {
        add: ({ key, priority, afterMs }) => {
          queue.add(key, priority, afterMs)
          owed.add(key)
        },
        take: () => (queue.size() > 0 ? take() : undefined),
        done: ({ key }) => {
          if (held.delete(key)) queue.done(key)
        },
        advance: () => time.advance(20),
      }
      for (const step of steps) await moves[step.kind](step)
      for (const key of held) queue.done(key)
      held.clear()
      await time.runUntilIdle()
      while (queue.size() > 0) {
        await take()
        for (const key of held) queue.done(key)
        held.clear()
      }
      expect(owed).toEqual(new Set())
    })
    await fc.assert(property, { numRuns: 300 })
  })
})

it('keeps a heap in order', () => {
  const property = fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
    const heap = dueHeap<{ readonly dueAt: number }>()
    for (const dueAt of times) heap.push({ dueAt })
    const given = times.map(() => heap.pop()?.dueAt)
    expect(given).toEqual(times.toSorted((left, right) => left - right))
    expect(heap.pop()).toBeUndefined()
  })
  fc.assert(property)
})
