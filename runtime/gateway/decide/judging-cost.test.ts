import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../crds/v1alpha1/meta.ts'
import { isCheap, schemaCost } from './judging-cost.ts'

describe('isCheap', () => {
  it.each<{ name: string; schema: JsonObject; bytes: number; want: boolean }>([
    { name: 'a small body', schema: { required: ['a'] }, bytes: 1000, want: true },
    { name: 'a large body', schema: { required: ['a'] }, bytes: 1_000_000, want: false },
    { name: 'a large schema', schema: { enum: ['x'.repeat(600_000)] }, bytes: 0, want: false },
    { name: 'a reference', schema: { items: { $ref: '#' } }, bytes: 1, want: false },
    { name: 'all with all', schema: { properties: { a: { uniqueItems: true } } }, bytes: 1, want: false },
    { name: 'a pattern', schema: { pattern: 'a' }, bytes: 1, want: false },
    { name: 'patterns of names', schema: { patternProperties: { a: true } }, bytes: 1, want: false },
  ])('$name: $want', ({ schema, bytes, want }) => {
    expect(isCheap(schemaCost(schema), bytes)).toBe(want)
  })
})
