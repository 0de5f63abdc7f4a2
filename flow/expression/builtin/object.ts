import type { Budget } from '../evaluate/budget.ts'
import { spendElements, spendSteps } from '../evaluate/budget.ts'
import { failed } from '../evaluate/fault.ts'
import { memberOf, append } from '../evaluate/step-name.ts'
import { cloned } from '../evaluate/transform.ts'
import { holds } from '../evaluate/truth.ts'
import type { Fields, List } from '../evaluate/value.ts'
import { asSequence, isFields, isList, sequenceOf, setMember } from '../evaluate/value.ts'
import type { BuiltIn } from './built-in.ts'

export const objectFunctions: Readonly<Record<string, BuiltIn>> = {
  boolean: ({ budget }, value: unknown) => (value === undefined ? undefined : holds(budget, value)),
  not: ({ budget }, value: unknown) => (value === undefined ? undefined : !holds(budget, value)),
  keys: ({ budget }, value: unknown) => {
    const names = new Set<string>()
    addKeys(budget, value, names)
    return asSequence([...names])
  },
  lookup: ({ budget }, value: unknown, name: string) => memberOf(budget, value, name),
  spread: ({ budget }, value: unknown) => spread(budget, value),
  merge: ({ budget }, objects: List | undefined) => {
    if (objects === undefined) return undefined
    const result: Fields = {}
    for (const object of objects) {
      const entries = isFields(object) ? Object.entries(object) : []
      spendElements(budget, entries.length)
      for (const [name, value] of entries) setMember(result, name, value)
    }
    return result
  },
  type: (_, value: unknown) => typeName(value),
  clone: ({ budget }, value: unknown) => (value === undefined ? undefined : cloned(budget, value)),
  error: (_, message: string | undefined) => {
    throw failed(spoken(message) ?? 'the expression says so')
  },
  assert: (_, isTrue: boolean | undefined, message: string | undefined) => {
    if (isTrue !== true) throw failed(spoken(message) ?? 'it does not hold')
  },
}

const longestSpoken = 100

/** The flow's own words, which may be made of anything in the message. */
function spoken(message: string | undefined): string | undefined {
  return message?.slice(0, longestSpoken)
}

function addKeys(budget: Budget, value: unknown, names: Set<string>): void {
  spendSteps(budget)
  if (isList(value)) for (const item of value) addKeys(budget, item, names)
  if (!isFields(value)) return
  const own = Object.keys(value)
  spendElements(budget, own.length)
  for (const name of own) names.add(name)
}

/** An object as a list of objects with one member each; a list as those of all its elements. */
function spread(budget: Budget, value: unknown): unknown {
  if (isList(value)) {
    const parts = value.map((item) => spread(budget, item)).filter((part) => part !== undefined)
    const all: List = parts.length === 0 ? sequenceOf() : []
    for (const part of parts) append(budget, all, part)
    return all
  }
  if (!isFields(value)) return value
  const entries = Object.entries(value)
  spendElements(budget, entries.length * 4)
  const members = entries.map(([name, member]) => {
    const single: Fields = {}
    setMember(single, name, member)
    return single
  })
  return asSequence(members)
}

function typeName(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (value === null) return 'null'
  if (isList(value)) return 'array'
  return typeof value
}
