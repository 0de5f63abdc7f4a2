import type { Stage, SyntaxNode } from '../parse/syntax-tree.ts'
import { isBare } from '../parse/syntax-tree.ts'
import { spendElements, spendSteps } from './budget.ts'
import type { Evaluator, Frame } from './frame.ts'
import { lookup } from './frame.ts'
import { grouper } from './group.ts'
import { sorter } from './sort.ts'
import { memberOf, ownMember } from './step-name.ts'
import type { Stager } from './stage.ts'
import { stager } from './stage.ts'
import { tupleStepper } from './tuple.ts'
import type { List } from './value.ts'
import { isList, isSequence, sequenceOf, settled } from './value.ts'

type Compile = (node: SyntaxNode) => Evaluator
type PathNode = Extract<SyntaxNode, { type: 'path' }>

export function pathEvaluator(node: PathNode, compile: Compile): Evaluator {
  const walked = walker(node, compile)
  const names = plainNames(node)
  return names === undefined ? walked : directPath(names, walked)
}

interface PlainNames {
  readonly variable: string | undefined
  readonly names: readonly string[]
}

function plainNames({ steps, keepSingletonArray, group, tuple }: PathNode): PlainNames | undefined {
  if (keepSingletonArray === true || group !== undefined || tuple === true) return undefined
  const [first, ...rest] = steps
  const isVariable = first?.type === 'variable' && isBare(first)
  const named = isVariable ? rest : steps
  const names = named.map((step) => (step.type === 'name' && isBare(step) ? step.value : undefined))
  if (names.includes(undefined)) return undefined
  return { variable: isVariable ? first.value : undefined, names: names as readonly string[] } // none is undefined
}

/** Names alone, through objects alone, need no lists; at the first list it is left to the general way. */
function directPath({ variable, names }: PlainNames, general: Evaluator): Evaluator {
  return (input, frame) => {
    let value = variable === undefined ? input : variable === '' ? input : lookup(frame, variable)
    for (const name of names) {
      if (isList(value)) return general(input, frame)
      value = ownMember(value, name)
    }
    return isSequence(value) ? general(input, frame) : value
  }
}

/** The general way: each step on each element of what the step before gave. */
function walker(node: PathNode, compile: Compile): Evaluator {
  const steps = node.steps.map((step, at) => pathStep(step, { isFirst: at === 0, compile }))
  const grouped = node.group === undefined ? undefined : grouper(node.group, compile)
  const startsAtVariable = node.steps[0]?.type === 'variable'
  return (input, frame) => {
    const walk: Walk = { items: isList(input) && !startsAtVariable ? input : sequenceOf(input), tuples: undefined }
    const walked = stepThrough(steps, walk, frame)
    const result = walk.tuples === undefined || node.tuple === true ? walked : valuesOf(walk.tuples, frame)
    const kept = node.keepSingletonArray === true ? keptList(result) : result
    return settled(grouped === undefined ? kept : grouped(walk.tuples ?? kept, frame), node.keepArray)
  }
}

function stepThrough(steps: readonly PathStep[], walk: Walk, frame: Frame): unknown {
  let result: unknown = walk.items
  for (const [at, step] of steps.entries()) {
    result = step(walk, frame, at === steps.length - 1)
    if (walk.tuples === undefined && isNothing(result)) return result
  }
  return walk.tuples ?? result
}

/** Where a path stands: the elements so far and, once something is bound on the way, the bindings with them. */
interface Walk {
  items: List
  tuples: List | undefined
}

type PathStep = (walk: Walk, frame: Frame, isLast: boolean) => unknown

function isNothing(value: unknown): boolean {
  return value === undefined || (isList(value) && value.length === 0)
}

function pathStep(step: SyntaxNode, { isFirst, compile }: { isFirst: boolean; compile: Compile }): PathStep {
  const plain = isFirst && step.consarray === true ? constructed(compile(step)) : plainStep(step, compile)
  const tupled = tupleStepper(step, compile)
  const keepsPlace = step.focus !== undefined
  return (walk, frame, isLast) => {
    if (step.tuple === true || walk.tuples !== undefined) {
      walk.tuples = tupled(walk.items, walk.tuples, frame)
      return undefined
    }
    const result = plain(walk.items, frame, isLast)
    if (!keepsPlace) walk.items = isList(result) ? result : sequenceOf(result)
    return result
  }
}

type PlainStep = (items: List, frame: Frame, isLast: boolean) => unknown

function constructed(evaluate: Evaluator): PlainStep {
  return (items, frame) => evaluate(items, frame)
}

function plainStep(step: SyntaxNode, compile: Compile): PlainStep {
  const stage = stager(step.stages ?? [], compile)
  if (step.type === 'sort') {
    const sort = sorter(step, compile)
    return (items, frame) => stage.all(sort(items, frame), frame)
  }
  const evaluate = step.type === 'name' ? named(step, compile) : compile(step)
  return eachItem(evaluate, stage, step.stages ?? [])
}

/** A step's own predicates are stages here, so a bare name needs no more than the member. */
function named(step: Extract<SyntaxNode, { type: 'name' }>, compile: Compile): Evaluator {
  if (step.predicate !== undefined || step.group !== undefined) return compile(step)
  return (input, frame) => settled(memberOf(frame.evaluation.budget, input, step.value), step.keepArray)
}

function eachItem(evaluate: Evaluator, stage: Stager, stages: readonly Stage[]): PlainStep {
  return (items, frame, isLast) => {
    const { budget } = frame.evaluation
    const results: unknown[] = []
    for (const item of items) {
      spendSteps(budget)
      const value = evaluate(item, frame)
      const result = stages.length === 0 ? value : stage.filters(value, frame)
      if (result !== undefined) results.push(result)
    }
    const [only] = results
    if (isLast && results.length === 1 && isList(only) && !isSequence(only)) return only
    return flattened(results, frame)
  }
}

function flattened(results: readonly unknown[], frame: Frame): List {
  const { budget } = frame.evaluation
  const flat = sequenceOf()
  for (const result of results) {
    const isPlain = !isList(result) || result.cons === true
    spendElements(budget, isPlain ? 1 : result.length)
    if (isPlain) flat.push(result)
    else for (const item of result) flat.push(item)
  }
  return flat
}

function valuesOf(tuples: List, frame: Frame): List {
  spendElements(frame.evaluation.budget, tuples.length)
  const values = sequenceOf()
  for (const tuple of tuples) values.push(ownMember(tuple, '@'))
  return values
}

/** `[]` somewhere in the path: a single element stays in its list. The message's own lists are not marked. */
function keptList(value: unknown): unknown {
  if (!isList(value)) return value
  const list = value.cons === true && value.sequence !== true ? sequenceOf(value) : value
  if (list.sequence === true) list.keepSingleton = true
  return list
}
