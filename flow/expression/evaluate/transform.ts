import type { SyntaxNode } from '../parse/syntax-tree.ts'
import type { Budget } from './budget.ts'
import { spendElements, spendSteps } from './budget.ts'
import { failed, shown } from './fault.ts'
import type { Evaluator, Frame } from './frame.ts'
import { functionValue } from './function-value.ts'
import { textOf } from './text.ts'
import type { Fields } from './value.ts'
import { isFields, isList, setMember } from './value.ts'

type Compile = (node: SyntaxNode) => Evaluator
type TransformNode = Extract<SyntaxNode, { type: 'transform' }>

/** `|pattern|update, delete|`: a function that gives a changed copy of its argument. */
export function transformEvaluator(node: TransformNode, compile: Compile): Evaluator {
  const pattern = compile(node.pattern)
  const change = changer(node, compile)
  return (_, frame) =>
    functionValue(1, ({ budget }, [value]) => {
      if (value === undefined) return undefined
      if (!isFields(value) && !isList(value)) {
        throw failed(`a transform changes objects and lists, not ${shown(value)}`, node.position)
      }
      const copy = cloned(budget, value)
      // A pattern may reach out of the copy (`$$.data`); what is there is not ours to change.
      const owned = objectsIn(budget, copy, new Set())
      const matches = pattern(copy, frame)
      for (const match of isList(matches) ? matches : matches === undefined ? [] : [matches]) {
        spendSteps(budget)
        change(match, { frame, isOwned: owned.has(match) })
      }
      return copy
    })
}

/** @throws {Fault} when it is too large to copy */
export function cloned(budget: Budget, value: unknown): unknown {
  const copy: unknown = JSON.parse(textOf(budget, value))
  return copy
}

function objectsIn(budget: Budget, value: unknown, found: Set<unknown>): ReadonlySet<unknown> {
  spendElements(budget)
  if (isFields(value)) found.add(value)
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) objectsIn(budget, member, found)
  }
  return found
}

type Change = (match: unknown, options: { readonly frame: Frame; readonly isOwned: boolean }) => void

function changer(node: TransformNode, compile: Compile): Change {
  const update = compile(node.update)
  const removal = node.delete === undefined ? undefined : compile(node.delete)
  return (match, { frame, isOwned }) => {
    const members = Object.entries(updateOf(update(match, frame), node))
    if (members.length > 0 && !isFields(match)) throw failed(`a transform cannot update ${shown(match)}`, node.position)
    const target = isOwned && isFields(match) ? match : undefined
    if (target !== undefined) for (const [name, value] of members) setMember(target, name, value)
    if (removal !== undefined) remove(target, removal(match, frame), node)
  }
}

function updateOf(value: unknown, node: TransformNode): Fields {
  if (value === undefined) return {}
  if (isFields(value)) return value
  throw failed(`the update of a transform must be an object, not ${shown(value)}`, node.update.position)
}

function remove(target: Fields | undefined, names: unknown, node: TransformNode): void {
  if (names === undefined) return
  for (const name of isList(names) ? names : [names]) {
    if (typeof name !== 'string') {
      throw failed(`what a transform deletes must be named by texts, not ${shown(name)}`, node.delete?.position)
    }
    if (target !== undefined) Reflect.deleteProperty(target, name)
  }
}
