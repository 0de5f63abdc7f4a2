import { expect, it } from 'vitest'
import { openIndexes } from './object-index.ts'

const openColours = () => openIndexes<readonly string[]>({ colour: (colours) => colours })

it('finds every object by each of its values, and none by those that it had before', () => {
  const indexes = openColours()
  indexes.replace('a', undefined, ['red', 'blue'])
  indexes.replace('b', undefined, ['red'])
  indexes.replace('c', undefined, ['red', 'red'])
  expect(indexes.keys('colour', 'red').toSorted()).toEqual(['a', 'b', 'c'])
  expect(indexes.keys('colour', 'blue')).toEqual(['a'])
  indexes.replace('b', ['red'], ['blue'])
  indexes.replace('c', ['red', 'red'], undefined)
  expect(indexes.keys('colour', 'red')).toEqual(['a'])
  expect(indexes.keys('colour', 'blue').toSorted()).toEqual(['a', 'b'])
  indexes.replace('a', ['red', 'blue'], [])
  expect(indexes.keys('colour', 'red')).toEqual([])
  expect(indexes.keys('colour', 'blue')).toEqual(['b'])
})

it('takes nothing from an object that another key names', () => {
  const indexes = openColours()
  indexes.replace('a', undefined, ['red'])
  indexes.replace('b', ['red'], undefined)
  expect(indexes.keys('colour', 'red')).toEqual(['a'])
})

it('refuses to look in an index that is not there', () => {
  expect(() => openColours().keys('color', 'red')).toThrow(RangeError)
})
