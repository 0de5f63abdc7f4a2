import type { Budget } from './budget.ts'
import { spendElements, spendSteps } from './budget.ts'
import type { List } from './value.ts'
import { isFields, isList, sequenceOf } from './value.ts'

/** The member of an object, or those of a list's objects. */
export function memberOf(budget: Budget, value: unknown, name: string): unknown {
  if (!isList(value)) return ownMember(value, name)
  const found = sequenceOf()
  for (const item of value) {
    spendSteps(budget)
    append(budget, found, memberOf(budget, item, name))
  }
  return found
}

export function ownMember(value: unknown, name: string): unknown {
  return isFields(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** Adds a value at the end, a list as its elements; nothing for a missing one. */
export function append(budget: Budget, list: List, value: unknown): void {
  if (value === undefined) return
  if (!isList(value)) {
    spendElements(budget)
    list.push(value)
    return
  }
  spendElements(budget, value.length)
  for (const item of value) list.push(item)
}

/** `*`: all members; once one of them is a list, the result is a plain list too. */
export function membersOf(budget: Budget, value: unknown): List {
  const members = elementsOrMembers(value)
  const found: List = members.some(isList) ? [] : sequenceOf()
  for (const member of members) flatten(budget, member, found)
  return found
}

function elementsOrMembers(value: unknown): readonly unknown[] {
  if (isList(value)) return value
  return isFields(value) ? Object.values(value) : []
}

function flatten(budget: Budget, value: unknown, into: List): void {
  if (!isList(value)) return append(budget, into, value ?? null)
  for (const item of value) {
    spendSteps(budget)
    flatten(budget, item, into)
  }
}

/** `**`: the value and all that is in it. */
export function descendantsOf(budget: Budget, value: unknown): unknown {
  if (value === undefined) return undefined
  const found = sequenceOf()
  collectDescendants(budget, value, found)
  return found.length === 1 ? found[0] : found
}

function collectDescendants(budget: Budget, value: unknown, into: List): void {
  if (!isList(value)) {
    spendElements(budget)
    into.push(value)
  }
  for (const member of elementsOrMembers(value)) {
    spendSteps(budget)
    collectDescendants(budget, member, into)
  }
}
