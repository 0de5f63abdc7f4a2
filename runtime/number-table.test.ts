import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyTable, putAt, removeAt, valueAt, valuesOf } from './number-table.ts'

// Few numbers, of which many fall on the same places.
const number = fc.oneof(
  fc.nat({ max: 8 }).map((n) => n * 16),
  fc.nat({ max: 100 }),
  fc.integer({ min: 2 ** 32 - 5, max: 2 ** 32 - 1 }),
)

describe('number table', () => {
  it('holds what a Map would, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), number), { maxLength: 300 }), (steps) => {
        const table = emptyTable<{ readonly at: number }>()
        const map = new Map<number, { readonly at: number }>()
        for (const [at, [isPut, number]] of steps.entries()) {
          if (isPut) putAt(table, number, { at })
          else removeAt(table, number)
          if (isPut) map.set(number, { at })
          else map.delete(number)
          expect(valueAt(table, number)).toEqual(map.get(number))
        }
        expect(table.size).toBe(map.size)
        for (const [number, value] of map) expect(valueAt(table, number)).toEqual(value)
        expect(new Set(valuesOf(table).map(({ at }) => at))).toEqual(new Set([...map.values()].map(({ at }) => at)))
      }),
    )
  })

  it('stays as large as the most that it held', () => {
    const table = emptyTable<object>()
    for (let number = 0; number < 100_000; number += 1) {
      putAt(table, number, {})
      if (number >= 8) removeAt(table, number - 8)
    }
    expect([table.size, table.values.length]).toEqual([8, 32])
  })
})
