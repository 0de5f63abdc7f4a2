import type { Stage, SyntaxNode } from '../parse/syntax-tree.ts'
import { spendElements, spendSteps } from './budget.ts'
import type { Evaluator, Frame } from './frame.ts'
import { bind, childFrame } from './frame.ts'
import { isFiniteNumber } from './number.ts'
import { holds } from './truth.ts'
import type { Fields, List } from './value.ts'
import { isFields, isList, sequenceOf, setMember } from './value.ts'

type Compile = (node: SyntaxNode) => Evaluator

/** The predicates and index variables behind a step. */
export interface Stager {
  /** Applies all of them to a step's whole result. */
  readonly all: (value: unknown, frame: Frame) => unknown
  /** Applies the predicates to one element's result. */
  readonly filters: (value: unknown, frame: Frame) => unknown
}

export function stager(stages: readonly Stage[], compile: Compile): Stager {
  const all = stages.map((stage) => (stage.type === 'filter' ? filterer(stage.expr, compile) : indexer(stage.value)))
  const filters = stages.flatMap((stage, at) => (stage.type === 'filter' ? (all[at] ?? []) : []))
  return { all: inTurn(all), filters: inTurn(filters) }
}

function inTurn(evaluators: readonly Evaluator[]): Evaluator {
  return (value, frame) => evaluators.reduce((result, evaluate) => evaluate(result, frame), value)
}

/** `#$i` behind a predicate: notes each element's place among those that are left. */
function indexer(name: string): Evaluator {
  return (value) => {
    if (isList(value)) {
      for (const [at, tuple] of value.entries()) if (isFields(tuple)) setMember(tuple, name, at)
    }
    return value
  }
}

/** `[…]`: the elements at an index, or those for which the predicate holds. */
export function filterer(predicate: SyntaxNode, compile: Compile): Evaluator {
  if (predicate.type === 'number') return elementAt(Math.floor(Number(predicate.value)))
  const evaluate = compile(predicate)
  return (value, frame) => {
    const items = isList(value) ? value : sequenceOf(value)
    const isTuples = items.tupleStream === true
    const kept = emptyLike(items)
    for (const [at, item] of items.entries()) {
      spendSteps(frame.evaluation.budget)
      const verdict = isTuples
        ? evaluate((item as Fields)['@'], tupleFrame(frame, item)) // a tuple stream holds tuples only
        : evaluate(item, frame)
      const times = timesKept(verdict, { at, length: items.length, frame })
      spendElements(frame.evaluation.budget, times)
      for (let time = 0; time < times; time++) kept.push(item)
    }
    return kept
  }
}

function emptyLike(items: List): List {
  const list = sequenceOf()
  if (items.tupleStream === true) list.tupleStream = true
  return list
}

function elementAt(index: number): Evaluator {
  return (value) => {
    const items = isList(value) ? value : sequenceOf(value)
    const item = items[index < 0 ? items.length + index : index]
    if (isList(item)) return item
    const kept = emptyLike(items)
    if (item !== undefined) kept.push(item)
    return kept
  }
}

interface Candidate {
  readonly at: number
  readonly length: number
  readonly frame: Frame
}

/** Numbers are indexes, one that is named twice gives its element twice; anything else is a condition. */
function timesKept(verdict: unknown, { at, length, frame }: Candidate): number {
  const indexes = isFiniteNumber(verdict) ? [verdict] : verdict
  if (!isNumbers(indexes)) return holds(frame.evaluation.budget, verdict) ? 1 : 0
  spendSteps(frame.evaluation.budget, indexes.length)
  return indexes.filter((index) => (index < 0 ? length + Math.floor(index) : Math.floor(index)) === at).length
}

function isNumbers(value: unknown): value is number[] {
  return isList(value) && value.every(isFiniteNumber)
}

/** A frame with what a tuple binds. */
export function tupleFrame(frame: Frame, tuple: unknown): Frame {
  const child = childFrame(frame)
  if (isFields(tuple)) for (const [name, value] of Object.entries(tuple)) bind(child, name, value)
  return child
}
