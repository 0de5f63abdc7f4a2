import type { Budget } from './budget.ts'
import { spendSteps } from './budget.ts'
import { isFiniteNumber } from './number.ts'
import { hasMembers, isFields, isList } from './value.ts'

/** What `$boolean` gives, missing as false. */
export function holds(budget: Budget, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (isList(value)) {
    spendSteps(budget, value.length)
    return value.some((item) => holds(budget, item))
  }
  if (typeof value === 'string') return value !== ''
  if (isFields(value)) return hasMembers(value)
  return isFiniteNumber(value) && value !== 0
}
