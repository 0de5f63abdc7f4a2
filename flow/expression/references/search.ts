import type { Place } from './place.ts'
import { placeKey, unite } from './place.ts'
import type { SyntaxNode } from '../parse/syntax-tree.ts'

export type Places = readonly Place[]

/**
 * What is known while a tree is searched for what it reads. A variable stands for all that is ever assigned to its name,
 * wherever that happens: coarser than JSONata's scopes, and never too little.
 */
export interface Search {
  readonly variables: Map<string, Places>
  /** Variables that may hold something else than a function written out in the expression. */
  readonly uncertain: Set<string>
  readonly reads: Map<string, Place>
  /** Lists that are walked through: how many elements they have is read. */
  readonly walked: Map<string, Place>
  /** The places that a node's value may be, or be part of; what it looks at on the way is noted. */
  readonly valueOf: (node: SyntaxNode, context: Places) => Places
}

export function openSearch(valueOf: (search: Search, node: SyntaxNode, context: Places) => Places): Search {
  const search: Search = {
    variables: new Map(),
    uncertain: new Set(),
    reads: new Map(),
    walked: new Map(),
    valueOf: (node, context) => valueOf(search, node, context),
  }
  return search
}

/** Grows with everything that is noted. */
export function extentOf({ variables, uncertain, reads, walked }: Search): number {
  const assigned = [...variables.values()].reduce((sum, places) => sum + 1 + places.length, 0)
  return assigned + uncertain.size + reads.size + walked.size
}

export function read({ reads }: Search, places: Places): void {
  for (const place of places) reads.set(placeKey(place), place)
}

/** Reads all that a node gives. */
export function readAll(search: Search, node: SyntaxNode, context: Places): void {
  read(search, search.valueOf(node, context))
}

/** Notes that it counts whether the places hold something, and how many. The roots always hold one object. */
export function walk({ walked }: Search, places: Places): void {
  for (const place of places) if (place.path.length > 0) walked.set(placeKey(place), place)
}

export function assign(search: Search, name: string, places: Places, { isPlainFunction = false } = {}): void {
  search.variables.set(name, unite(search.variables.get(name) ?? [], places))
  if (!isPlainFunction) search.uncertain.add(name)
}
