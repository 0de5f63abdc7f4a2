import type { Budget } from '../evaluate/budget.ts'
import { spendCharacters } from '../evaluate/budget.ts'

interface Found {
  readonly match: string
  readonly groups: readonly (string | undefined)[]
}

/** A replacement text with `$0` as what was found, `$1` as its first group, and `$$` as a dollar sign. */
export function substituted(budget: Budget, replacement: string, { match, groups }: Found): string {
  if (!replacement.includes('$')) return replacement
  const digits = groups.length === 0 ? 1 : Math.floor(Math.log10(groups.length)) + 1
  const reference = new RegExp(String.raw`\$(\$|0|[1-9]\d{0,${digits - 1}})`, 'g')
  return replacement.replaceAll(reference, (_, what: string) => {
    const text = textFor(what, { match, groups })
    spendCharacters(budget, text.length)
    return text
  })
}

function textFor(what: string, { match, groups }: Found): string {
  if (what === '$') return '$'
  if (what === '0') return match
  if (Number(what) <= groups.length || what.length === 1) return groups[Number(what) - 1] ?? ''
  // With fewer groups than the number says, its last digit is text.
  return (groups[Number(what.slice(0, -1)) - 1] ?? '') + what.slice(-1)
}
