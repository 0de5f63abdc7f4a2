import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBody } from './body.ts'
import { childId, childIds, freshId } from './message-id.ts'

const body = (data: unknown) => encodeBody({}, Buffer.from(JSON.stringify({ data })))
const first = { parent: 'p', route: 'a/b', body: body(1), occurrence: 0, emitsOne: false }

describe('childId', () => {
  it('is the same in every version: a change would double what is under way at an upgrade', () => {
    expect(childId(first)).toBe('33938bc01cc44ba531b1ea53f64dcbbb')
    expect(childId({ ...first, emitsOne: true })).toBe('d0a28272440494f5a5e32912a258e704')
  })

  it.each([
    { name: 'the parent', other: { parent: 'q' } },
    { name: 'the route', other: { route: 'a/c' } },
    { name: 'the length of the route', other: { route: 'a' } },
    { name: 'the body', other: { body: body(2) } },
    { name: 'what the body carries', other: { body: encodeBody({ steps: { x: {} } }, Buffer.from('{"data":1}')) } },
    { name: 'the occurrence', other: { occurrence: 1 } },
    { name: 'whether the body counts', other: { emitsOne: true } },
  ])('depends on $name', ({ other }) => {
    expect(childId({ ...first, ...other })).not.toBe(childId(first))
  })

  it('does not depend on the body of a function that emits one', () => {
    expect(childId({ ...first, emitsOne: true, body: body(2) })).toBe(childId({ ...first, emitsOne: true }))
  })
})

describe('childIds', () => {
  const emit = fc.record({ route: fc.constantFrom('a', 'b', 'a/b'), data: fc.integer({ min: 0, max: 3 }) })

  it('gives the same set of distinct ids in whichever order a component emits', () => {
    const shuffled = fc
      .array(emit, { maxLength: 30 })
      .chain((emits) => fc.tuple(fc.constant(emits), fc.shuffledSubarray(emits, { minLength: emits.length })))
    fc.assert(
      fc.property(shuffled, ([emits, again]) => {
        const ids = (list: typeof emits) => {
          const next = childIds('p', false)
          return list.map(({ route, data }) => next(route, body(data)))
        }
        expect(new Set(ids(emits)).size).toBe(emits.length)
        expect(ids(again).sort()).toEqual(ids(emits).sort())
      }),
    )
  })

  it('agrees with childId', () => {
    const next = childIds('p', false)
    expect(next('a/b', body(1))).toBe(childId(first))
    expect(next('a/b', body(1))).toBe(childId({ ...first, occurrence: 1 }))
    expect(next('a', body(1))).toBe(childId({ ...first, route: 'a' }))
  })

  it('tells the second message of a function that promised one from the first', () => {
    const next = childIds('p', true)
    const ids = [next('a', body(1)), next('a', body(1)), next('b', body(1))]
    expect(new Set(ids).size).toBe(3)
    expect(childIds('p', true)('a', body(7))).toBe(ids[0])
  })
})

describe('freshId', () => {
  it('never repeats, has the form of any id, and differs between processes', () => {
    const own = Array.from({ length: 10_000 }, freshId)
    expect(new Set(own).size).toBe(own.length)
    for (const id of own) expect(id).toMatch(/^[0-9a-f]{32}$/)
    const script = `import(${JSON.stringify(import.meta.resolve('./message-id.ts'))}).then((m) => console.log(m.freshId()))`
    const other = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout.trim()
    expect(other).toMatch(/^[0-9a-f]{32}$/)
    expect(own.map((id) => id.slice(0, 20))).not.toContain(other.slice(0, 20))
  })
})
