import { ascend, descend, spendSteps } from './budget.ts'
import { failed, Fault } from './fault.ts'
import type { Evaluation, Evaluator, Frame } from './frame.ts'

/** A function as a value of the language. May put its last call off and give a `TailCall`; use `call`. */
export interface FunctionValue {
  (evaluation: Evaluation, args: readonly unknown[], context: unknown): unknown
  /** How many arguments it wants at most. */
  arity: number
}

export type FunctionBody = (evaluation: Evaluation, args: readonly unknown[], context: unknown) => unknown

const tailCall = Symbol('tail call')

interface TailCall {
  readonly [tailCall]: true
  readonly procedure: Evaluator
  readonly args: readonly Evaluator[]
  readonly input: unknown
  readonly frame: Frame
  readonly position: number | undefined
}

export function functionValue(arity: number, body: FunctionBody): FunctionValue {
  return Object.assign((...given: Parameters<FunctionBody>): unknown => body(...given), { arity })
}

export function isFunctionValue(value: unknown): value is FunctionValue {
  return typeof value === 'function'
}

export function putOff(call: Omit<TailCall, typeof tailCall>): TailCall {
  return { ...call, [tailCall]: true }
}

function isTailCall(value: unknown): value is TailCall {
  return typeof value === 'object' && value !== null && tailCall in value
}

/** Calls a function, then what it puts off, one after the other: an endless chain of last calls takes time and no depth. */
export function call(
  evaluation: Evaluation,
  procedure: FunctionValue,
  args: readonly unknown[],
  context: unknown,
): unknown {
  const { budget } = evaluation
  descend(budget)
  let result = procedure(evaluation, args, context)
  while (isTailCall(result)) result = next(evaluation, result, context)
  ascend(budget)
  return result
}

function next(
  evaluation: Evaluation,
  { procedure, args, input, frame, position }: TailCall,
  context: unknown,
): unknown {
  spendSteps(evaluation.budget)
  const target = procedure(input, frame)
  if (!isFunctionValue(target)) throw failed('what is called is not a function', position)
  const given = args.map((evaluate) => evaluate(input, frame))
  return located(() => target(evaluation, given, context), { position })
}

/** Adds where it happened to a fault that does not say so. */
export function located<T>(run: () => T, place: { position: number | undefined; token?: string | undefined }): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof Fault) {
      error.position ??= place.position
      error.token ??= place.token
    }
    throw error
  }
}
