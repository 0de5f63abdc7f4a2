import { spendElements } from '../evaluate/budget.ts'
import { failed } from '../evaluate/fault.ts'
import type { FunctionValue } from '../evaluate/function-value.ts'
import { call } from '../evaluate/function-value.ts'
import { isFiniteNumber } from '../evaluate/number.ts'
import { mergeSorted } from '../evaluate/sort.ts'
import { append } from '../evaluate/step-name.ts'
import type { List } from '../evaluate/value.ts'
import { isList, isSequence, sequenceOf } from '../evaluate/value.ts'
import type { BuiltIn } from './built-in.ts'
import { openSet } from './distinct.ts'

type Items = List | undefined

export const listFunctions: Readonly<Record<string, BuiltIn>> = {
  count: (_, list: Items) => list?.length ?? 0,
  exists: (_, value: unknown) => value !== undefined,
  append: ({ budget }, first: unknown, second: unknown) => {
    if (first === undefined) return second
    if (second === undefined) return first
    const list: List = []
    append(budget, list, first)
    append(budget, list, second)
    return list
  },
  reverse: ({ budget }, list: Items) => {
    if (list === undefined || list.length <= 1) return list
    spendElements(budget, list.length)
    return list.toReversed()
  },
  shuffle: ({ budget, random }, list: Items) => {
    if (list === undefined || list.length <= 1) return list
    spendElements(budget, list.length)
    return shuffled(list, random)
  },
  zip: ({ budget }, ...lists: unknown[]) => {
    const length = Math.min(...lists.map((list) => (isList(list) ? list.length : 0)))
    spendElements(budget, length * (lists.length + 1))
    return Array.from({ length }, (_, at) => lists.map((list) => (isList(list) ? list[at] : undefined)))
  },
  distinct: ({ budget }, list: unknown) => {
    if (!isList(list) || list.length <= 1) return list
    const seen = openSet(budget)
    const found = isSequence(list) ? sequenceOf() : []
    for (const item of list) if (seen.add(item)) append(budget, found, isList(item) ? [item] : item)
    return found
  },
  sort: (evaluation, list: Items, comparator: FunctionValue | undefined) => {
    if (list === undefined || list.length <= 1) return list
    spendElements(evaluation.budget, list.length)
    if (comparator === undefined)
      return sortedByValue(list, (isBehind) => mergeSorted(evaluation.budget, list, isBehind))
    return mergeSorted(evaluation.budget, list, (a, b) => Boolean(call(evaluation, comparator, [a, b], null)))
  },
}

/** Fisher and Yates' shuffle, inside out. */
function shuffled(list: readonly unknown[], random: () => number): unknown[] {
  const result: unknown[] = []
  for (const [at, item] of list.entries()) {
    const to = Math.floor(random() * (at + 1))
    result[at] = result[to]
    result[to] = item
  }
  return result
}

function sortedByValue(
  list: readonly unknown[],
  sort: (isBehind: (a: unknown, b: unknown) => boolean) => unknown[],
): unknown[] {
  if (!list.every(isFiniteNumber) && !list.every((item) => typeof item === 'string')) {
    throw failed('only a list of numbers or one of texts can be sorted without a function that compares')
  }
  return sort((a, b) => (a as string) > (b as string)) // all are texts, or all numbers
}
