import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { agenda } from './agenda.ts'

describe('agenda', () => {
  it('gives what is due in the order of time, and nothing before', () => {
    const entries = agenda()
    entries.set(0, 30)
    entries.set(1, 10)
    entries.set(2, 20)
    expect(entries.nextAt()).toBe(10)
    expect([entries.takeDue(20), entries.takeDue(20), entries.takeDue(20)]).toEqual([1, 2, undefined])
    expect(entries.size()).toBe(1)
  })

  it('moves an entry to another time and forgets a removed one', () => {
    const entries = agenda()
    entries.set(0, 10)
    entries.set(1, 20)
    entries.set(0, 30)
    entries.remove(1)
    entries.remove(1)
    entries.remove(99)
    expect([entries.takeDue(100), entries.takeDue(100)]).toEqual([0, undefined])
    expect(entries.nextAt()).toBeUndefined()
  })

  it('agrees with a sorted list over any sequence of sets, removals and takings', () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), slot: fc.nat(20), at: fc.nat(50) }),
      fc.record({ kind: fc.constant('remove' as const), slot: fc.nat(20), at: fc.constant(0) }),
      fc.record({ kind: fc.constant('take' as const), slot: fc.constant(0), at: fc.nat(50) }),
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const entries = agenda()
        const model = new Map<number, number>()
        for (const { kind, slot, at } of actions) {
          if (kind === 'set') {
            entries.set(slot, at)
            model.set(slot, at)
          } else if (kind === 'remove') {
            entries.remove(slot)
            model.delete(slot)
          } else {
            const first = Math.min(...model.values())
            const taken = entries.takeDue(at)
            if (first > at) expect(taken).toBeUndefined()
            else {
              expect(model.get(taken ?? -1)).toBe(first)
              model.delete(taken ?? -1)
            }
          }
          expect(entries.size()).toBe(model.size)
          expect(entries.nextAt()).toBe(model.size === 0 ? undefined : Math.min(...model.values()))
        }
      }),
    )
  })
})
