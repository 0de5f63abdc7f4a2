import type { Budget } from './budget.ts'
import { spendElements } from './budget.ts'
import { failed, shown } from './fault.ts'
import type { List } from './value.ts'
import { sequenceOf } from './value.ts'

interface Range {
  readonly from: unknown
  readonly to: unknown
  readonly position: number | undefined
}

/** `from..to`: the whole numbers between, both ends included; nothing when the first is the greater. */
export function rangeOf(budget: Budget, { from, to, position }: Range): List | undefined {
  if (from !== undefined && !Number.isInteger(from)) throw noInteger('left', from, position)
  if (to !== undefined && !Number.isInteger(to)) throw noInteger('right', to, position)
  if (typeof from !== 'number' || typeof to !== 'number' || from > to) return undefined
  spendElements(budget, to - from + 1)
  const numbers = sequenceOf()
  for (let number = from; number <= to; number++) numbers.push(number)
  return numbers
}

function noInteger(side: string, value: unknown, position: number | undefined): Error {
  return failed(`the ${side} side of .. must be a whole number, not ${shown(value)}`, position)
}
