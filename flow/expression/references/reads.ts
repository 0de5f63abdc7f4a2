import type { Place } from './place.ts'
import { anyBelow, anywhere, member, parentOf, unite } from './place.ts'
import { callReads, isPlainLambda } from './call-reads.ts'
import type { Places, Search } from './search.ts'
import { assign, extentOf, openSearch, readAll, walk } from './search.ts'
import type { Group, LambdaNode, Stage, SyntaxNode } from '../parse/syntax-tree.ts'

const none: Places = []
const message: Places = [{ root: 'message', path: [] }]
const roots: ReadonlyMap<string, Places> = new Map([
  ['$', message],
  ['steps', [{ root: 'steps', path: [] }]],
  ['trigger', [{ root: 'trigger', path: [] }]],
])

/** Every place that evaluating the tree may look at. */
export function readsOf(tree: SyntaxNode): Place[] {
  const search = openSearch(nodeValue)
  for (let pass = 0; pass < mostPasses; pass++) {
    const before = extentOf(search)
    readAll(search, tree, message)
    if (extentOf(search) === before) return [...search.reads.values(), ...walkedOnly(search)]
  }
  return [...anywhere(['message', 'steps', 'trigger'])]
}

/** Each pass follows variables one assignment further back; who assigns more in a row reads everything. */
const mostPasses = 30

/** A list of which only the number of elements counts: pruning would keep nothing of it, so it counts as read. */
function walkedOnly({ reads, walked }: Search): Place[] {
  const kept = [...reads.values()]
  return [...walked.values()].filter(
    (list) => !kept.some(({ root, path }) => root === list.root && list.path.every((name, at) => path[at] === name)),
  )
}

function nodeValue(search: Search, node: SyntaxNode, context: Places): Places {
  const value = bareValue(search, node, context)
  stageReads(search, [...(node.predicate ?? []), ...(node.stages ?? [])], value)
  if (node.index !== undefined) assign(search, node.index, none)
  if (node.group === undefined) return value
  groupReads(search, node.group, value)
  return none
}

function stageReads(search: Search, stages: readonly Stage[], context: Places): void {
  for (const stage of stages) {
    if (stage.type === 'index') assign(search, stage.value, none)
    else if (stage.expr.type !== 'number') {
      walk(search, context)
      readAll(search, stage.expr, context)
    }
  }
}

function groupReads(search: Search, group: Group, context: Places): void {
  walk(search, context)
  for (const expression of group.lhs.flat()) readAll(search, expression, context)
}

function bareValue(search: Search, node: SyntaxNode, context: Places): Places {
  switch (node.type) {
    case 'path':
      return pathValue(search, node.steps, context)
    case 'variable':
      return node.value === '' ? context : variableValue(search, node.value)
    case 'name':
      return member(context, node.value)
    case 'wildcard':
      return member(context, null)
    case 'descendant':
      return anyBelow(context)
    case 'parent':
      return parentOf(context)
    case 'condition':
      readAll(search, node.condition, context)
      return unite(...[node.then, ...present(node.else)].map((branch) => search.valueOf(branch, context)))
    case 'block':
      return node.expressions.reduce<Places>((_, expression) => search.valueOf(expression, context), none)
    default:
      return madeValue(search, node, context)
  }
}

function variableValue({ variables }: Search, name: string): Places {
  return unite(roots.get(name) ?? none, variables.get(name) ?? none)
}

function present<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value]
}

function pathValue(search: Search, steps: readonly SyntaxNode[], context: Places): Places {
  return steps.reduce<Places>((places, step, at) => {
    if (at === 0 ? step.type !== 'variable' : !isNavigation(step)) walk(search, places)
    const value = search.valueOf(step, places)
    if (step.focus === undefined) return value
    walk(search, value)
    assign(search, step.focus, value)
    return unite(places, value)
  }, context)
}

/** A step that gives nothing for an element in which it finds nothing, so that emptied elements do not show. */
function isNavigation({ type }: SyntaxNode): boolean {
  return type === 'name' || type === 'wildcard' || type === 'descendant' || type === 'sort'
}

/** Nodes that make a new value, or call something: what they are given is read. */
function madeValue(search: Search, node: SyntaxNode, context: Places): Places {
  switch (node.type) {
    case 'bind': {
      const value = search.valueOf(node.rhs, context)
      assign(search, node.lhs.value, value, { isPlainFunction: isPlainLambda(node.rhs) })
      return value
    }
    case 'sort':
      for (const term of node.terms) readAll(search, term.expression, context)
      return context
    case 'function':
    case 'partial':
      return callReads(search, node, context)
    case 'apply':
      return applyReads(search, node, context)
    case 'lambda':
      return lambdaReads(search, node, context)
    default:
      for (const part of partsOf(node)) readAll(search, part, node.type === 'transform' ? none : context)
      return none
  }
}

function applyReads(search: Search, node: Extract<SyntaxNode, { type: 'apply' }>, context: Places): Places {
  readAll(search, node.lhs, context)
  if (node.rhs.type === 'function') return callReads(search, node.rhs, context, { isApplied: true })
  readAll(search, node.rhs, context)
  return none
}

/** What is passed for the parameters is read where it is passed. */
function lambdaReads(search: Search, node: LambdaNode, context: Places): Places {
  for (const parameter of node.arguments) assign(search, parameter.value, none)
  readAll(search, node.body, context)
  return none
}

function partsOf(node: SyntaxNode): readonly SyntaxNode[] {
  switch (node.type) {
    case 'binary':
      return [node.lhs, node.rhs]
    case 'unary':
      if (node.value === '-') return [node.expression]
      return node.value === '[' ? node.expressions : node.lhs.flat()
    case 'transform':
      return [node.pattern, node.update, ...present(node.delete)]
    default:
      return []
  }
}
