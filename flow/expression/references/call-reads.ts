import { member } from './place.ts'
import type { Places, Search } from './search.ts'
import { assign, read, readAll, walk } from './search.ts'
import type { CallNode, LambdaNode, SyntaxNode } from '../parse/syntax-tree.ts'

/** Built-ins that hand each element to a function, with what they give: the elements themselves, or what the function made. */
const walkers: ReadonlyMap<string, 'elements' | 'made'> = new Map([
  ['filter', 'elements'],
  ['single', 'elements'],
  ['sort', 'elements'],
  ['map', 'made'],
])

/** Built-ins that take the context, whatever it is, when they are given fewer arguments than this. */
const contextReaders: ReadonlyMap<string, number> = new Map([
  ['string', 1],
  ['boolean', 1],
  ['not', 1],
  ['keys', 1],
  ['lookup', 2],
  ['spread', 1],
  ['sift', 2],
  ['each', 2],
  ['clone', 1],
])

/** Notes what a call reads: its arguments, and the context where the function falls back on it. Gives the places of its result. */
export function callReads(search: Search, node: CallNode, context: Places, { isApplied = false } = {}): Places {
  const name = builtInName(search, node)
  // Most built-ins fall back on a context that is text or a number; to keep that, it is enough to walk it.
  walk(search, context)
  if (name !== undefined && !isApplied && node.type === 'function') {
    const known = lookupReads(search, name, node, context) ?? walkerReads(search, name, node, context)
    if (known !== undefined) return known
  }
  readAll(search, node.procedure, context)
  for (const argument of node.arguments) readAll(search, argument, context)
  if (readsContext(search, node, isApplied)) read(search, context)
  return []
}

/** The built-in that is called; undefined when it may be something else. */
function builtInName({ variables }: Search, { procedure }: CallNode): string | undefined {
  return procedure.type === 'variable' && !variables.has(procedure.value) ? procedure.value : undefined
}

function readsContext(search: Search, node: CallNode, isApplied: boolean): boolean {
  const name = builtInName(search, node)
  if (name !== undefined) return node.arguments.length + (isApplied ? 1 : 0) < (contextReaders.get(name) ?? 0)
  return node.procedure.type !== 'variable' || search.uncertain.has(node.procedure.value)
}

/** `$lookup(…, "name")` is a step to that member. */
function lookupReads(search: Search, name: string, node: CallNode, context: Places): Places | undefined {
  const [from, key] = node.arguments
  if (name !== 'lookup' || from === undefined || key?.type !== 'string') return undefined
  return member(search.valueOf(from, context), String(key.value))
}

function walkerReads(search: Search, name: string, node: CallNode, context: Places): Places | undefined {
  const gives = walkers.get(name)
  const [list, visitor, ...more] = node.arguments
  if (gives === undefined || list === undefined || !isPlainLambda(visitor) || more.length > 0) return undefined
  const elements = search.valueOf(list, context)
  walk(search, elements)
  for (const parameter of visitor.arguments) assign(search, parameter.value, elements)
  readAll(search, visitor.body, context)
  return gives === 'elements' ? elements : []
}

/** A function that is written out here, without declared types, which could let it take the context. */
export function isPlainLambda(node: SyntaxNode | undefined): node is SyntaxNode & LambdaNode {
  return node?.type === 'lambda' && node.signature === undefined && node.predicate === undefined
}
