import type { SyntaxNode } from '../parse/syntax-tree.ts'
import { applyEvaluator, callEvaluator, lambdaEvaluator, partialEvaluator } from './call.ts'
import { unaryEvaluator } from './construct.ts'
import { failed } from './fault.ts'
import type { Evaluator } from './frame.ts'
import { bind, childFrame, lookup } from './frame.ts'
import { grouper } from './group.ts'
import { binaryEvaluator } from './operator.ts'
import { pathEvaluator } from './path.ts'
import { regexEvaluator } from './regex.ts'
import { filterer } from './stage.ts'
import { descendantsOf, membersOf, memberOf } from './step-name.ts'
import { transformEvaluator } from './transform.ts'
import { holds } from './truth.ts'
import { settled } from './value.ts'

/**
 * A syntax tree as plain functions, synchronous throughout. It gives what JSONata's own evaluator gives; that one cannot be stopped
 * within a sort, a long range or a deep recursion, and takes a promise for every node.
 */
export function compile(node: SyntaxNode): Evaluator {
  const evaluate = bareEvaluator(node)
  const filters = (node.predicate ?? []).map((stage) =>
    stage.type === 'filter' ? filterer(stage.expr, compile) : unknownNode(node),
  )
  const group = node.group === undefined || node.type === 'path' ? undefined : grouper(node.group, compile)
  if (filters.length === 0 && group === undefined) {
    return settlesItself(node) ? evaluate : (input, frame) => settled(evaluate(input, frame), node.keepArray)
  }
  return (input, frame) => {
    const filtered = filters.reduce((value, filter) => filter(value, frame), evaluate(input, frame))
    return settled(group === undefined ? filtered : group(filtered, frame), node.keepArray)
  }
}

function settlesItself({ type, keepArray }: SyntaxNode): boolean {
  return keepArray !== true && ['path', 'string', 'number', 'value', 'lambda', 'regex'].includes(type)
}

function unknownNode({ type, position }: SyntaxNode): never {
  throw failed(`${type} cannot stand here`, position)
}

function bareEvaluator(node: SyntaxNode): Evaluator {
  switch (node.type) {
    case 'path':
      return pathEvaluator(node, compile)
    case 'binary':
      return binaryEvaluator(node, compile)
    case 'unary':
      return unaryEvaluator(node, compile)
    case 'condition':
      return conditional(node)
    case 'block':
      return block(node.expressions.map(compile))
    case 'bind':
      return binder(node.lhs.value, compile(node.rhs))
    default:
      return leaf(node) ?? functional(node)
  }
}

function leaf(node: SyntaxNode): Evaluator | undefined {
  switch (node.type) {
    case 'string':
    case 'number':
    case 'value':
      return constant(node.value)
    case 'variable':
      return variable(node.value)
    case 'name':
      return (input, frame) => memberOf(frame.evaluation.budget, input, node.value)
    case 'wildcard':
      return (input, frame) => membersOf(frame.evaluation.budget, input)
    case 'descendant':
      return (input, frame) => descendantsOf(frame.evaluation.budget, input)
    case 'parent':
      return variable(node.slot.label)
    default:
      return undefined
  }
}

function functional(node: SyntaxNode): Evaluator {
  switch (node.type) {
    case 'function':
      return callEvaluator(node, compile)
    case 'partial':
      return partialEvaluator(node, compile)
    case 'apply':
      return applyEvaluator(node, compile)
    case 'lambda':
      return lambdaEvaluator(node, compile)
    case 'regex':
      return regexEvaluator(node)
    case 'transform':
      return transformEvaluator(node, compile)
    default:
      return unknownNode(node)
  }
}

function constant(value: unknown): Evaluator {
  return () => value
}

function variable(name: string): Evaluator {
  return name === '' ? (input) => input : (_, frame) => lookup(frame, name)
}

function conditional(node: Extract<SyntaxNode, { type: 'condition' }>): Evaluator {
  const condition = compile(node.condition)
  const [then, otherwise] = [compile(node.then), node.else === undefined ? constant(undefined) : compile(node.else)]
  return (input, frame) =>
    holds(frame.evaluation.budget, condition(input, frame)) ? then(input, frame) : otherwise(input, frame)
}

function block(parts: readonly Evaluator[]): Evaluator {
  return (input, frame) => {
    const inside = childFrame(frame)
    let value: unknown
    for (const part of parts) value = part(input, inside)
    return value
  }
}

function binder(name: string, evaluate: Evaluator): Evaluator {
  return (input, frame) => {
    const value = evaluate(input, frame)
    bind(frame, name, value)
    return value
  }
}
