import type { SyntaxNode } from '../parse/syntax-tree.ts'
import { spendElements, spendSteps } from './budget.ts'
import type { Evaluator, Frame } from './frame.ts'
import { sorter } from './sort.ts'
import { stager, tupleFrame } from './stage.ts'
import type { Fields, List } from './value.ts'
import { isFields, isList, sequenceOf } from './value.ts'

type Compile = (node: SyntaxNode) => Evaluator
type TupleStepper = (items: List, tuples: List | undefined, frame: Frame) => List

/**
 * A step once something is bound on the way (`@$x`, `#$i`, `%`): each element goes on as a tuple, an object that holds it
 * under `@` beside all that is bound for it.
 */
export function tupleStepper(step: SyntaxNode, compile: Compile): TupleStepper {
  const stage = stager(step.stages ?? [], compile)
  const stepped = step.type === 'sort' ? sortedTuples(step, compile) : steppedTuples(step, compile)
  return (items, tuples, frame) => stage.all(stepped(items, tuples, frame), frame) as List // stages of a list give a list
}

function sortedTuples(step: Extract<SyntaxNode, { type: 'sort' }>, compile: Compile): TupleStepper {
  const sort = sorter(step, compile)
  return (items, tuples, frame) => {
    if (tuples !== undefined) return sort(tuples, frame)
    const sorted = sort(items, frame)
    const stream = openStream()
    for (const [at, item] of sorted.entries()) {
      spendElements(frame.evaluation.budget)
      stream.push(step.index === undefined ? { '@': item } : { '@': item, [step.index]: at })
    }
    return stream
  }
}

function openStream(): List {
  const stream = sequenceOf()
  stream.tupleStream = true
  return stream
}

function steppedTuples(step: SyntaxNode, compile: Compile): TupleStepper {
  const evaluate = compile(step)
  return (items, tuples, frame) => {
    const stream = openStream()
    if (tuples === undefined) spendElements(frame.evaluation.budget, items.length)
    for (const from of tuples ?? items.map((item) => ({ '@': item }))) {
      if (!isFields(from)) continue
      const { budget } = frame.evaluation
      spendSteps(budget)
      const found = evaluate(from['@'], tupleFrame(frame, from))
      if (found === undefined) continue
      const list = isList(found) ? found : [found]
      spendElements(budget, list.length * 2)
      for (const [at, item] of list.entries()) stream.push(tupleOf(step, from, { found: list, item, at }))
    }
    return stream
  }
}

interface Found {
  readonly found: List
  readonly item: unknown
  readonly at: number
}

function tupleOf(step: SyntaxNode, from: Fields, { found, item, at }: Found): Fields {
  if (found.tupleStream === true && isFields(item)) return { ...from, ...item }
  const tuple: Fields = { ...from, '@': item }
  if (step.focus !== undefined) {
    tuple[step.focus] = item
    tuple['@'] = from['@']
  }
  if (step.index !== undefined) tuple[step.index] = at
  if (step.ancestor !== undefined) tuple[step.ancestor.label] = from['@']
  return tuple
}
