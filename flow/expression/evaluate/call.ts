import type { CallNode, LambdaNode, SyntaxNode } from '../parse/syntax-tree.ts'
import { failed } from './fault.ts'
import type { Evaluator, Frame } from './frame.ts'
import { bind, childFrame, lookup } from './frame.ts'
import type { FunctionValue } from './function-value.ts'
import { call, functionValue, isFunctionValue, located, putOff } from './function-value.ts'
import { faultOf } from './native-fault.ts'

type Compile = (node: SyntaxNode) => Evaluator
type Apply = (input: unknown, frame: Frame, first: readonly unknown[]) => unknown

export function callEvaluator(node: CallNode, compile: Compile): Evaluator {
  const apply = application(node, compile)
  return (input, frame) => apply(input, frame, [])
}

/** A call to which arguments may be added in front, as `~>` does. */
function application(node: CallNode, compile: Compile): Apply {
  const procedure = compile(node.procedure)
  const args = node.arguments.map(compile)
  const place = { position: node.position, token: nameOf(node.procedure) }
  return (input, frame, first) => {
    const target = procedure(input, frame)
    if (!isFunctionValue(target)) throw noFunction(node, frame)
    const given = [...first, ...args.map((evaluate) => evaluate(input, frame))]
    return located(() => call(frame.evaluation, target, given, input), place)
  }
}

function nameOf(procedure: SyntaxNode): string | undefined {
  if (procedure.type === 'variable') return `$${procedure.value}`
  const first = procedure.type === 'path' ? procedure.steps[0] : undefined
  return first?.type === 'name' ? first.value : undefined
}

function noFunction({ procedure, position }: CallNode, frame: Frame): Error {
  const name = nameOf(procedure)
  if (procedure.type === 'path' && name !== undefined && lookup(frame, name) !== undefined) {
    return failed(`${name} is not a function; write $${name}`, position)
  }
  return failed(`${name ?? 'what is called'} is not a function`, position)
}

/** `function($x) {…}` as a value; called in tail position, the call that is put off. */
export function lambdaEvaluator(node: LambdaNode, compile: Compile): Evaluator {
  if (node.thunk === true && node.body.type === 'function') return tailEvaluator(node.body, compile)
  const body = compile(node.body)
  const { arguments: parameters, signature } = node
  return (input, frame) =>
    functionValue(parameters.length, (_, args, context) => {
      const given = signature === undefined ? args : checked(signature, args, context)
      const inside = childFrame(frame)
      for (const [at, { value: name }] of parameters.entries()) bind(inside, name, given[at])
      return body(input, inside)
    })
}

function checked(
  { validate }: NonNullable<LambdaNode['signature']>,
  args: readonly unknown[],
  context: unknown,
): readonly unknown[] {
  try {
    return validate(args, context)
  } catch (error) {
    throw faultOf(error)
  }
}

function tailEvaluator(node: CallNode, compile: Compile): Evaluator {
  const procedure = compile(node.procedure)
  const args = node.arguments.map(compile)
  return (input, frame) => putOff({ procedure, args, input, frame, position: node.position })
}

/** `$f(?, 1)`: a function of the arguments that are left open. */
export function partialEvaluator(node: CallNode, compile: Compile): Evaluator {
  const procedure = compile(node.procedure)
  const args = node.arguments.map((argument) => (argument.type === 'operator' ? undefined : compile(argument)))
  const open = args.filter((argument) => argument === undefined).length
  const place = { position: node.position, token: nameOf(node.procedure) }
  return (input, frame) => {
    const target = procedure(input, frame)
    if (!isFunctionValue(target)) throw noFunction(node, frame)
    const fixed = args.map((evaluate) => evaluate?.(input, frame))
    return functionValue(open, (evaluation, given) => {
      const rest = [...given]
      const all = args.map((evaluate, at) => (evaluate === undefined ? rest.shift() : fixed[at]))
      return located(() => call(evaluation, target, all, null), place)
    })
  }
}

/** `a ~> $f`: the left side as first argument; of two functions, the one behind the other. */
export function applyEvaluator(node: Extract<SyntaxNode, { type: 'apply' }>, compile: Compile): Evaluator {
  const left = compile(node.lhs)
  if (node.rhs.type === 'function') {
    const apply = application(node.rhs, compile)
    return (input, frame) => apply(input, frame, [left(input, frame)])
  }
  const right = compile(node.rhs)
  return (input, frame) => {
    const value = left(input, frame)
    const target = right(input, frame)
    if (!isFunctionValue(target)) throw failed('the right side of ~> must be a function', node.position)
    if (isFunctionValue(value)) return chained(value, target)
    return located(() => call(frame.evaluation, target, [value], null), { position: node.position })
  }
}

function chained(first: FunctionValue, second: FunctionValue): FunctionValue {
  return functionValue(1, (evaluation, args) =>
    call(evaluation, second, [call(evaluation, first, args.slice(0, 1), null)], null),
  )
}
