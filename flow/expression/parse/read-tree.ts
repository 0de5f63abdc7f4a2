import jsonata from 'jsonata'
import type { Signature, SyntaxNode } from './syntax-tree.ts'

/** An expression's tree, and all the objects in it in one list. */
export interface Syntax {
  readonly tree: SyntaxNode
  readonly parts: readonly SyntaxPart[]
}

/** A node of the tree, or a part of one. */
export interface SyntaxPart {
  type?: unknown
  position?: number
  value?: unknown
  signature?: Signature
  readonly [other: string]: unknown
}

/** Levels of the tree's objects and lists, about three for each pair of brackets. */
const deepestTree = 1_000

/**
 * Reads an expression with JSONata's parser. The tree is a copy: the parser's own nodes hold on to 13 KB of it each. In it is put right
 * what the parser breaks: its copies of what stands left of `??` and `?:` lack their regular expressions and types.
 *
 * @throws what the parser throws; {RangeError} when the tree is too deep
 */
export function readTree(source: string): Syntax {
  const parts: SyntaxPart[] = []
  const tree = copied(jsonata(source).ast(), parts, 1) as SyntaxNode // the parser's own types leave most of the tree out
  mend(parts)
  return { tree, parts }
}

function copied(value: unknown, parts: SyntaxPart[], depth: number): unknown {
  if (typeof value !== 'object' || value === null || value instanceof RegExp) return value
  if (depth > deepestTree) throw new RangeError('the expression is nested too deeply')
  if (Array.isArray(value)) return value.map((item) => copied(item, parts, depth + 1))
  const part: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value)) part[name] = copied(member, parts, depth + 1)
  parts.push(part)
  return part
}

function mend(parts: readonly SyntaxPart[]): void {
  const regexes = regexesOf(parts)
  const signatures = signaturesOf(parts)
  for (const part of parts) {
    if (part.type === 'regex') part.value = regexes.get(part.position)
    const signature = signatures.get(part.position)
    if (part.signature !== undefined && signature !== undefined) part.signature = signature
  }
}

/** The regular expressions by their position. */
export function regexesOf(parts: readonly SyntaxPart[]): ReadonlyMap<number | undefined, RegExp> {
  return new Map(parts.flatMap(({ position, value }) => (value instanceof RegExp ? [[position, value]] : [])))
}

/** The types that functions declare, by the functions' position. */
export function signaturesOf(parts: readonly SyntaxPart[]): ReadonlyMap<number | undefined, Signature> {
  return new Map(
    parts.flatMap(({ position, signature }) =>
      typeof signature?.validate === 'function' ? [[position, signature]] : [],
    ),
  )
}
