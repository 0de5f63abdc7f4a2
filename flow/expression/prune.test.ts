import { describe, expect, it } from 'vitest'
import { prune } from './prune.ts'

const message = {
  data: { id: 1, name: 'Ada', items: [{ sku: 'A', qty: 1, at: { x: 1, y: 2 } }, { qty: 2 }, 5, null, [{ sku: 'B' }]] },
  metadata: { source: 'crm' },
  attachments: {},
}

describe('prune', () => {
  it.each<{ name: string; paths: string[][]; want: unknown }>([
    { name: 'keeps the whole for []', paths: [['data', 'id'], []], want: message },
    { name: 'keeps what a path leads to', paths: [['data', 'id']], want: { data: { id: 1 } } },
    { name: 'keeps nothing of what no path leads to', paths: [['missing', 'x']], want: {} },
    { name: 'keeps nothing without a path', paths: [], want: {} },
    {
      name: 'joins paths',
      paths: [['data', 'id'], ['data', 'name'], ['metadata']],
      want: { data: { id: 1, name: 'Ada' }, metadata: { source: 'crm' } },
    },
    {
      name: 'keeps every element of a list in its place, and what is no object as it is',
      paths: [['data', 'items', 'sku']],
      want: { data: { items: [{ sku: 'A' }, {}, 5, null, [{ sku: 'B' }]] } },
    },
    {
      name: 'goes on below',
      paths: [['data', 'items', 'at', 'y']],
      want: { data: { items: [{ at: { y: 2 } }, {}, 5, null, [{}]] } },
    },
    { name: 'stops at what is no object', paths: [['data', 'name', 'first']], want: { data: { name: 'Ada' } } },
  ])('$name', ({ paths, want }) => {
    expect(prune(message, paths)).toEqual(want)
  })

  it('knows own members only, and keeps one that is named like a prototype', () => {
    expect(prune({ data: {} }, [['data', 'constructor'], ['toString']])).toEqual({ data: {} })
    const odd: unknown = JSON.parse('{"__proto__": {"a": 1, "b": 2}}')
    expect(JSON.stringify(prune(odd, [['__proto__', 'a']]))).toBe('{"__proto__":{"a":1}}')
  })

  it('leaves what it is given as it was', () => {
    const before = structuredClone(message)
    prune(message, [['data', 'items', 'sku']])
    expect(message).toEqual(before)
  })
})
