import type { SyntaxNode } from '../parse/syntax-tree.ts'
import type { Budget } from './budget.ts'
import { spendCharacters, spendSteps } from './budget.ts'
import { isSame } from './equality.ts'
import { failed, shown } from './fault.ts'
import type { Evaluator } from './frame.ts'
import { isFiniteNumber } from './number.ts'
import { rangeOf } from './range.ts'
import { textOf } from './text.ts'
import { holds } from './truth.ts'
import { isList } from './value.ts'

type Compile = (node: SyntaxNode) => Evaluator
type BinaryNode = Extract<SyntaxNode, { type: 'binary' }>

interface Operands {
  readonly left: unknown
  readonly right: unknown
  readonly budget: Budget
  readonly node: BinaryNode
}

type Operator = (operands: Operands) => unknown

const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['+', calculated((a, b) => a + b)],
  ['-', calculated((a, b) => a - b)],
  ['*', calculated((a, b) => a * b)],
  ['/', calculated((a, b) => a / b)],
  ['%', calculated((a, b) => a % b)],
  ['<', compared((a, b) => a < b)],
  ['<=', compared((a, b) => a <= b)],
  ['>', compared((a, b) => a > b)],
  ['>=', compared((a, b) => a >= b)],
  ['=', ({ left, right, budget }) => left !== undefined && right !== undefined && isSame(budget, left, right)],
  ['!=', ({ left, right, budget }) => left !== undefined && right !== undefined && !isSame(budget, left, right)],
  ['&', ({ left, right, budget }) => concatenated(budget, textOrEmpty(budget, left), textOrEmpty(budget, right))],
  ['..', ({ left, right, budget, node }) => rangeOf(budget, { from: left, to: right, position: node.position })],
  ['in', isIn],
])

export function binaryEvaluator(node: BinaryNode, compile: Compile): Evaluator {
  const [left, right] = [compile(node.lhs), compile(node.rhs)]
  if (node.value === 'and') {
    return (input, frame) => {
      const { budget } = frame.evaluation
      return holds(budget, left(input, frame)) && holds(budget, right(input, frame))
    }
  }
  if (node.value === 'or') {
    return (input, frame) => {
      const { budget } = frame.evaluation
      return holds(budget, left(input, frame)) || holds(budget, right(input, frame))
    }
  }
  const operator = operators.get(node.value)
  if (operator === undefined) throw failed(`the operator ${node.value} is not known`, node.position)
  return (input, frame) =>
    operator({ left: left(input, frame), right: right(input, frame), budget: frame.evaluation.budget, node })
}

function calculated(calculate: (a: number, b: number) => number): Operator {
  return ({ left, right, node }) => {
    if (left !== undefined && !isFiniteNumber(left)) throw noNumber('left', left, node)
    if (right !== undefined && !isFiniteNumber(right)) throw noNumber('right', right, node)
    return left === undefined || right === undefined ? undefined : calculate(left, right)
  }
}

function noNumber(side: string, value: unknown, { value: operator, position }: BinaryNode): Error {
  return failed(`the ${side} side of ${operator} must be a number, not ${shown(value)}`, position)
}

function compared(compare: (a: string | number, b: string | number) => boolean): Operator {
  return ({ left, right, node }) => {
    if (!isComparable(left)) throw notComparable(left, node)
    if (!isComparable(right)) throw notComparable(right, node)
    if (left === undefined || right === undefined) return undefined
    if (typeof left !== typeof right) {
      throw failed(
        `${node.value} compares two numbers or two texts, not ${shown(left)} and ${shown(right)}; use $number or $string on one of them`,
        node.position,
      )
    }
    return compare(left, right)
  }
}

function isComparable(value: unknown): value is string | number | undefined {
  return value === undefined || typeof value === 'string' || typeof value === 'number'
}

function notComparable(value: unknown, { value: operator, position }: BinaryNode): Error {
  return failed(`${operator} compares numbers or texts, not ${shown(value)}`, position)
}

function isIn({ left, right, budget }: Operands): boolean {
  if (left === undefined || right === undefined) return false
  if (!isList(right)) return left === right
  spendSteps(budget, right.length >> 4)
  return right.includes(left) && !Number.isNaN(left)
}

function textOrEmpty(budget: Budget, value: unknown): string {
  return value === undefined ? '' : textOf(budget, value)
}

export function concatenated(budget: Budget, left: string, right: string): string {
  spendCharacters(budget, left.length + right.length)
  return left + right
}
