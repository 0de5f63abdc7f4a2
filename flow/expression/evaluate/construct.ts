import type { SyntaxNode } from '../parse/syntax-tree.ts'
import { spendElements } from './budget.ts'
import { failed, shown } from './fault.ts'
import type { Evaluator } from './frame.ts'
import { grouper } from './group.ts'
import { isFiniteNumber } from './number.ts'
import { append } from './step-name.ts'
import type { List } from './value.ts'

type Compile = (node: SyntaxNode) => Evaluator
type UnaryNode = Extract<SyntaxNode, { type: 'unary' }>

export function unaryEvaluator(node: UnaryNode, compile: Compile): Evaluator {
  switch (node.value) {
    case '-':
      return negated(node, compile)
    case '[':
      return listMaker(node, compile)
    case '{':
      return grouper({ lhs: node.lhs, ...(node.position === undefined ? {} : { position: node.position }) }, compile)
  }
}

function negated(node: Extract<UnaryNode, { value: '-' }>, compile: Compile): Evaluator {
  const evaluate = compile(node.expression)
  return (input, frame) => {
    const value = evaluate(input, frame)
    if (value === undefined) return undefined
    if (!isFiniteNumber(value)) throw failed(`- needs a number, not ${shown(value)}`, node.position)
    return -value
  }
}

/** `[…]`: what lists among the items hold is taken over, unless they are written as lists themselves. */
function listMaker(node: Extract<UnaryNode, { value: '[' }>, compile: Compile): Evaluator {
  const items = node.expressions.map((item) => ({ evaluate: compile(item), isNested: isListLiteral(item) }))
  return (input, frame) => {
    const { budget } = frame.evaluation
    const list: List = []
    for (const { evaluate, isNested } of items) {
      const value = evaluate(input, frame)
      if (!isNested) append(budget, list, value)
      else if (value !== undefined) {
        spendElements(budget)
        list.push(value)
      }
    }
    if (node.consarray === true) Object.defineProperty(list, 'cons', { value: true })
    return list
  }
}

function isListLiteral(node: SyntaxNode): boolean {
  return node.type === 'unary' && node.value === '['
}
