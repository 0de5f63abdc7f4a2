import { expect, it } from 'vitest'
import { isJsonObject } from './meta.ts'

it.each([
  { value: {}, want: true },
  { value: Object.create(null) as unknown, want: true },
  { value: [], want: false },
  { value: null, want: false },
  { value: undefined, want: false },
  { value: 'x', want: false },
])('isJsonObject of $value is $want', ({ value, want }) => {
  expect(isJsonObject(value)).toBe(want)
})
