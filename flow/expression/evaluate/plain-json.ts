import type { Budget } from './budget.ts'
import { mostCharacters, spendSteps, tooLarge } from './budget.ts'
import { failed } from './fault.ts'
import type { Fields } from './value.ts'
import { isFields, isList, setMember } from './value.ts'

interface Extent {
  readonly budget: Budget
  /** In the result; the result itself is not one of them. */
  values: number
  characters: number
}

/**
 * A result as JSON would give it back: a copy of its own, without what lists are marked with. Missing stays undefined.
 *
 * @throws {Fault} when it is or holds a function, or is too large
 */
export function plainJson(budget: Budget, value: unknown): unknown {
  return value === undefined ? undefined : copied({ budget, values: -1, characters: 0 }, value)
}

function copied(extent: Extent, value: unknown): unknown {
  measure(extent, value)
  if (isList(value)) return value.map((item) => (item === undefined ? null : copied(extent, item)))
  if (isFields(value)) return copiedFields(extent, value)
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null
  if (typeof value === 'function') throw failed('the result is or holds a function; call it')
  return value
}

function copiedFields(extent: Extent, value: Fields): Fields {
  const copy: Fields = {}
  for (const name of Object.keys(value)) {
    const member = value[name]
    if (member === undefined) continue
    extent.characters += name.length
    setMember(copy, name, copied(extent, member))
  }
  return copy
}

function measure(extent: Extent, value: unknown): void {
  const { budget } = extent
  spendSteps(budget)
  if (++extent.values > budget.limits.size) throw tooLarge(`a result of more than ${budget.limits.size} values`)
  if (typeof value !== 'string') return
  extent.characters += value.length
  if (extent.characters > mostCharacters(budget)) {
    throw tooLarge(`a result of more than ${mostCharacters(budget)} characters`)
  }
}
