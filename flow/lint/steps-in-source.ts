import type { References } from '../expression/expression.ts'

/** `$steps.fetch-orders` as it stands in an expression. */
export interface DashedName {
  /** `fetch`, which is what JSONata reads of it. */
  readonly first: string
  /** `fetch-orders`. */
  readonly name: string
  /** Characters into the expression. */
  readonly offset: number
}

/** Where an expression subtracts from an ancestor what looks like the rest of its name. */
export function dashedNames(source: string, references: References): readonly DashedName[] {
  if (!source.includes('-')) return []
  return [...source.matchAll(/\$steps\.([A-Za-z_]\w*)((?:-\w+)+)/g)].flatMap((match) => {
    const [, first = '', rest = ''] = match
    // What only looks so within a text is none of the references.
    return Object.hasOwn(references.steps, first) ? [{ first, name: first + rest, offset: match.index }] : []
  })
}

/** How many characters into the expression it names the step; 0 when it cannot be told. */
export function offsetOfStep(source: string, name: string): number {
  const forms = [`$steps.${name}`, `$steps.\`${name}\``, `$steps."${name}"`, name]
  const found = forms.map((form) => source.indexOf(form)).find((at) => at !== -1)
  return found ?? 0
}
