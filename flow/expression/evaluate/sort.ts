import type { SyntaxNode } from '../parse/syntax-tree.ts'
import { spendElements, spendSteps } from './budget.ts'
import { failed, shown } from './fault.ts'
import type { Evaluator, Frame } from './frame.ts'
import { tupleFrame } from './stage.ts'
import type { Budget } from './budget.ts'
import type { Fields, List } from './value.ts'

type Compile = (node: SyntaxNode) => Evaluator
type SortNode = Extract<SyntaxNode, { type: 'sort' }>

/** `^(…)`: the elements in the order of the terms, the first that tells them apart; what has no value comes last. */
export function sorter(node: SortNode, compile: Compile): (items: List, frame: Frame) => List {
  const terms = node.terms.map(({ expression, descending }) => ({ evaluate: compile(expression), descending }))
  return (items, frame) => {
    if (items.length <= 1) return items
    spendElements(frame.evaluation.budget, items.length)
    const keyed = terms.map(({ evaluate, descending }) => ({ keyAt: keysOf(evaluate, items, frame), descending }))
    const isBehind = (a: number, b: number): boolean => {
      for (const { keyAt, descending } of keyed) {
        const [left, right] = [keyAt(a), keyAt(b)]
        const order = compared(left, right, node.position)
        const isMissing = left === undefined || right === undefined
        if (order !== 0) return (order === 1) !== (descending && !isMissing)
      }
      return false
    }
    return mergeSorted(frame.evaluation.budget, [...items.keys()], isBehind).map((at) => items[at])
  }
}

/** What the elements are sorted by, each worked out once, and only when it is asked for. */
function keysOf(evaluate: Evaluator, items: List, frame: Frame): (at: number) => unknown {
  const keys: unknown[] = []
  const keyOf = (item: unknown): unknown =>
    items.tupleStream === true
      ? evaluate((item as Fields)['@'], tupleFrame(frame, item)) // a tuple stream holds tuples only
      : evaluate(item, frame)
  return (at) => (keys[at] ??= keyOf(items[at]))
}

/** -1, 0 or 1, a missing value behind all others. */
function compared(a: unknown, b: unknown, position: number | undefined): number {
  if (a === undefined) return b === undefined ? 0 : 1
  if (b === undefined) return -1
  for (const key of [a, b]) {
    if (typeof key !== 'string' && typeof key !== 'number') {
      throw failed(`what is sorted by must be texts or numbers, not ${shown(key)}`, position)
    }
  }
  if (typeof a !== typeof b) throw failed(`cannot sort ${shown(a)} and ${shown(b)} into one order`, position)
  if (a === b) return 0
  return (a as string) < (b as string) ? -1 : 1 // both texts, or both numbers
}

/** A stable order: the right element comes first only where the left one belongs behind it. */
export function mergeSorted<T>(budget: Budget, items: readonly T[], isBehind: (a: T, b: T) => boolean): T[] {
  if (items.length <= 1) return [...items]
  const middle = items.length >> 1
  const left = mergeSorted(budget, items.slice(0, middle), isBehind)
  const right = mergeSorted(budget, items.slice(middle), isBehind)
  return merged(budget, [left, right], isBehind)
}

function merged<T>(
  budget: Budget,
  [left, right]: readonly [readonly T[], readonly T[]],
  isBehind: (a: T, b: T) => boolean,
): T[] {
  const result: T[] = []
  let [atLeft, atRight] = [0, 0]
  while (atLeft < left.length && atRight < right.length) {
    spendSteps(budget)
    const [a, b] = [left[atLeft] as T, right[atRight] as T] // both are within
    if (isBehind(a, b)) result.push(right[atRight++] as T)
    else result.push(left[atLeft++] as T)
  }
  return [...result, ...left.slice(atLeft), ...right.slice(atRight)]
}
