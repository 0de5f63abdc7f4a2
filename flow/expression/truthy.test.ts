import jsonata from 'jsonata'
import { expect, it } from 'vitest'
import { truthy } from './truthy.ts'

it.each<[unknown, boolean]>([
  [undefined, false],
  [null, false],
  [true, true],
  [false, false],
  [0, false],
  [-1, true],
  ['', false],
  ['false', true],
  ['0', true],
  [{}, false],
  [{ a: undefined }, true],
  [{ a: false }, true],
  [[], false],
  [[0], false],
  [[[]], false],
  [[0, 1], true],
  [[false, ''], false],
  [[[0, [1]]], true],
  [[{}], false],
])('truthy(%j) is %s, as $boolean has it', async (value, want) => {
  expect(truthy(value)).toBe(want)
  const reference: unknown = await jsonata('$boolean(value)').evaluate({ value })
  expect(reference ?? false).toBe(want)
})
