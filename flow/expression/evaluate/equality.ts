import type { Budget } from './budget.ts'
import { spendSteps } from './budget.ts'
import { isFields, isList } from './value.ts'

/** Whether two values are the same all the way down; the order of members does not count. */
export function isSame(budget: Budget, left: unknown, right: unknown): boolean {
  spendSteps(budget)
  if (left === right) return true
  if (isList(left) && isList(right)) {
    return left.length === right.length && left.every((item, at) => isSame(budget, item, right[at]))
  }
  if (!isFields(left) || !isFields(right)) return false
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isSame(budget, left[name], right[name]))
  )
}
