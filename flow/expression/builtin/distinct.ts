import type { Budget } from '../evaluate/budget.ts'
import { isSame } from '../evaluate/equality.ts'

export interface ValueSet {
  /** False when the set has such a value already. */
  readonly add: (value: unknown) => boolean
}

/** A set of values that are told apart by what they hold. */
export function openSet(budget: Budget): ValueSet {
  const simple = new Set<unknown>()
  const compound = new Map<string, unknown[]>()
  return {
    add: (value) => {
      if (typeof value !== 'object' || value === null) return addSimple(simple, value)
      const outline = outlineOf(value)
      const alike = compound.get(outline) ?? []
      if (alike.some((other) => isSame(budget, value, other))) return false
      alike.push(value)
      compound.set(outline, alike)
      return true
    },
  }
}

function addSimple(set: Set<unknown>, value: unknown): boolean {
  if (Number.isNaN(value)) return true
  if (set.has(value)) return false
  set.add(value)
  return true
}

const outlinedLevels = 3
const outlinedMembers = 16

/** The same for equal values, so that only few are compared all the way down. */
function outlineOf(value: unknown, levels = outlinedLevels): string {
  if (typeof value !== 'object' || value === null) return String(value).slice(0, 64)
  if (levels === 0) return Array.isArray(value) ? `[${value.length}` : '{'
  if (Array.isArray(value)) {
    return `[${value.length}:${value
      .slice(0, outlinedMembers)
      .map((item) => outlineOf(item, levels - 1))
      .join()}]`
  }
  const entries = Object.entries(value)
  if (entries.length > outlinedMembers) return `{${entries.length}`
  return `{${entries
    .map(([name, member]) => `${name}:${outlineOf(member, levels - 1)}`)
    .sort()
    .join()}}`
}
