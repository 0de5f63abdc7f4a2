import { describe, expect, it } from 'vitest'
import { advance } from './missed.ts'

describe('what a batch says about those before it', () => {
  const marks = new Map([
    ['a', 100],
    ['b', 7],
  ])
  it.each([
    {
      name: 'nothing is missing when it follows',
      place: { publisher: 'a', from: 100, count: 5 },
      missed: 0,
      next: 105,
    },
    { name: 'a gap is missing', place: { publisher: 'a', from: 130, count: 5 }, missed: 30, next: 135 },
    { name: 'an empty one tells of a gap, too', place: { publisher: 'a', from: 104, count: 0 }, missed: 4, next: 104 },
    { name: 'one that comes again says nothing', place: { publisher: 'a', from: 90, count: 10 }, missed: 0, next: 100 },
    { name: 'a new publisher begins with 0', place: { publisher: 'c', from: 0, count: 2 }, missed: 0, next: 2 },
    {
      name: 'the first ones of a new publisher can be missing',
      place: { publisher: 'c', from: 3, count: 2 },
      missed: 3,
      next: 5,
    },
  ])('$name', ({ place, missed, next }) => {
    const advanced = advance(marks, place)
    expect(advanced.missed).toBe(missed)
    expect(advanced.marks.get(place.publisher)).toBe(next)
    expect(advanced.marks.get('b')).toBe(7)
  })

  it('forgets who was heard of longest ago', () => {
    let many: ReadonlyMap<string, number> = new Map()
    for (let at = 0; at < 600; at += 1) many = advance(many, { publisher: `p${at}`, from: 0, count: 1 }).marks
    expect(many.size).toBe(500)
    many = advance(many, { publisher: 'p100', from: 1, count: 1 }).marks
    many = advance(many, { publisher: 'new', from: 0, count: 1 }).marks
    expect([many.has('p100'), many.has('p101'), many.has('new')]).toEqual([true, false, true])
  })
})
