import type { Budget } from './budget.ts'
import { mostCharacters, spendCharacters, spendSteps, tooLarge } from './budget.ts'
import { failed } from './fault.ts'
import { isFiniteNumber } from './number.ts'
import { isList } from './value.ts'

/** A value as text: a text itself, anything else as JSON, numbers with at most 15 digits, functions as nothing. */
export function textOf(budget: Budget, value: unknown, { isPretty = false } = {}): string {
  if (typeof value === 'string') return value
  if (typeof value === 'function') return ''
  if (typeof value === 'number') return numberText(value)
  if (typeof value !== 'object' || value === null) return String(value)
  spendCharacters(budget, jsonLength(budget, value, { isPretty, depth: 0 }))
  const text = JSON.stringify(value, replaced, isPretty ? 2 : 0)
  if (text.length > mostCharacters(budget)) throw tooLarge(`more than ${mostCharacters(budget)} characters`)
  return text
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw failed('a number that is out of range has no text; look for a division by zero')
  return JSON.stringify(rounded(value))
}

function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(15))
}

function replaced(_: string, value: unknown): unknown {
  if (typeof value === 'function') return ''
  return isFiniteNumber(value) ? rounded(value) : value
}

interface Layout {
  readonly isPretty: boolean
  readonly depth: number
}

/** About how long the JSON is, counted before it is made: a few shared lists can stand for gigabytes of it. */
function jsonLength(budget: Budget, value: unknown, { isPretty, depth }: Layout): number {
  spendSteps(budget)
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  const layout = { isPretty, depth: depth + 1 }
  const around = isPretty ? 2 * depth + 4 : 2
  let length = around
  for (const [name, member] of Object.entries(value)) {
    length += around + (isList(value) ? 0 : name.length + 3) + jsonLength(budget, member, layout)
    if (length > mostCharacters(budget)) throw tooLarge(`more than ${mostCharacters(budget)} characters`)
  }
  return length
}
