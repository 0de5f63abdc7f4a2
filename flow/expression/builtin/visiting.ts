import { spendElements, spendSteps } from '../evaluate/budget.ts'
import { failed } from '../evaluate/fault.ts'
import type { FunctionValue } from '../evaluate/function-value.ts'
import { call } from '../evaluate/function-value.ts'
import { holds } from '../evaluate/truth.ts'
import type { Fields, List } from '../evaluate/value.ts'
import { hasMembers, sequenceOf, setMember } from '../evaluate/value.ts'
import type { BuiltIn } from './built-in.ts'
import { visit } from './built-in.ts'

type Items = List | undefined

/** The functions that hand each element or member to another function. */
export const visitingFunctions: Readonly<Record<string, BuiltIn>> = {
  map: (evaluation, list: Items, visitor: FunctionValue) => {
    if (list === undefined) return undefined
    const results = sequenceOf()
    for (const [at, item] of list.entries()) {
      spendElements(evaluation.budget)
      const result = visit(evaluation, visitor, item, at, list)
      if (result !== undefined) results.push(result)
    }
    return results
  },
  filter: (evaluation, list: Items, visitor: FunctionValue) => {
    if (list === undefined) return undefined
    const kept = sequenceOf()
    for (const [at, item] of list.entries()) {
      spendElements(evaluation.budget)
      if (holds(evaluation.budget, visit(evaluation, visitor, item, at, list))) kept.push(item)
    }
    return kept
  },
  single: (evaluation, list: Items, visitor: FunctionValue | undefined) => {
    if (list === undefined) return undefined
    const matches = [...list.entries()].filter(([at, item]) => {
      spendSteps(evaluation.budget)
      return visitor === undefined || holds(evaluation.budget, visit(evaluation, visitor, item, at, list))
    })
    if (matches.length !== 1) throw failed(`$single wants exactly one that fits, and there are ${matches.length}`)
    return matches[0]?.[1]
  },
  reduce: (evaluation, list: Items, visitor: FunctionValue, start: unknown) => {
    if (list === undefined) return undefined
    if (visitor.arity < 2) throw failed('the function for $reduce must take at least two arguments')
    const hasStart = start !== undefined || list.length === 0
    let result = hasStart ? start : list[0]
    for (let at = hasStart ? 0 : 1; at < list.length; at++) {
      result = call(evaluation, visitor, [result, list[at], at, list].slice(0, Math.min(4, visitor.arity)), null)
    }
    return result
  },
  each: (evaluation, object: Fields | undefined, visitor: FunctionValue) => {
    const results = sequenceOf()
    for (const [name, member] of Object.entries(object ?? {})) {
      spendElements(evaluation.budget)
      const result = visit(evaluation, visitor, member, name, object)
      if (result !== undefined) results.push(result)
    }
    return results
  },
  sift: (evaluation, object: Fields | undefined, visitor: FunctionValue | undefined) => {
    if (visitor === undefined) throw failed('$sift needs a function')
    const kept: Fields = {}
    for (const [name, member] of Object.entries(object ?? {})) {
      spendElements(evaluation.budget)
      if (holds(evaluation.budget, visit(evaluation, visitor, member, name, object))) setMember(kept, name, member)
    }
    return hasMembers(kept) ? kept : undefined
  },
}
