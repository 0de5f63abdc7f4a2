import { spendSteps } from '../evaluate/budget.ts'
import type { Evaluation } from '../evaluate/frame.ts'
import type { FunctionValue } from '../evaluate/function-value.ts'
import { call, functionValue } from '../evaluate/function-value.ts'
import { faultOf } from '../evaluate/native-fault.ts'
import { nativeFunction } from './native.ts'

/** A built-in function; JSONata's signature of it has checked the arguments. */
export type BuiltIn = (evaluation: Evaluation, ...args: never[]) => unknown

/** Built-ins by name, as values of the language. */
export function functionValues(builtIns: Readonly<Record<string, BuiltIn>>): [string, FunctionValue][] {
  return Object.entries(builtIns).map(([name, builtIn]) => [name, checkedFunction(name, builtIn)])
}

/** JSONata's own function, for what cannot block and makes nothing large. */
export function native(name: string): BuiltIn {
  const { implementation } = nativeFunction(name)
  return (evaluation, ...args) =>
    implementation.apply({ environment: { timestamp: new Date(evaluation.scope.run.startedAt) } }, args)
}

function checkedFunction(name: string, builtIn: BuiltIn): FunctionValue {
  const { implementation, signature } = nativeFunction(name)
  const run = builtIn as (evaluation: Evaluation, ...args: readonly unknown[]) => unknown // the signature checks them
  return functionValue(implementation.length, (evaluation, args, context) => {
    try {
      const checked = signature.validate(args, context)
      for (const argument of checked) spendSteps(evaluation.budget, sizeOf(argument) >> 6)
      return run(evaluation, ...checked)
    } catch (error) {
      throw faultOf(error)
    }
  })
}

function sizeOf(value: unknown): number {
  return typeof value === 'string' || Array.isArray(value) ? value.length : 0
}

/** Hands an element to a function, with its place and the whole if the function wants them. */
export function visit(
  evaluation: Evaluation,
  visitor: FunctionValue,
  ...[item, place, whole]: readonly [unknown, unknown, unknown]
): unknown {
  return call(evaluation, visitor, [item, place, whole].slice(0, Math.max(1, Math.min(3, visitor.arity))), null)
}
