import { builtIns } from '../builtin/built-ins.ts'
import type { ExpressionLimits, Scope } from '../expression.ts'
import { ExpressionError } from '../expression.ts'
import { openBudget } from './budget.ts'
import type { Fault } from './fault.ts'
import { shortened } from './fault.ts'
import type { Evaluation, Evaluator } from './frame.ts'
import { openFrame, scopeNames } from './frame.ts'
import { faultOf } from './native-fault.ts'
import { plainJson } from './plain-json.ts'
import { randomOf } from './random.ts'

export interface Prepared {
  readonly source: string
  readonly evaluate: Evaluator
  readonly limits: ExpressionLimits
}

/**
 * One evaluation: plain JSON, or undefined for missing.
 *
 * @throws {ExpressionError} when it fails or reaches a limit
 */
export function evaluated({ source, evaluate, limits }: Prepared, scope: Scope): unknown {
  const budget = openBudget(limits)
  const evaluation: Evaluation = {
    source,
    scope,
    budget,
    global: (name) => globalValue(scope, name),
    random: randomOf(source, scope),
  }
  try {
    return plainJson(budget, evaluate(scope.message, openFrame(evaluation)))
  } catch (error) {
    throw expressionError(faultOf(error), source)
  }
}

function globalValue(scope: Scope, name: string): unknown {
  if (name === '$') return scope.message
  const bound = scopeNames.find((known) => known === name)
  return bound === undefined ? builtIns.get(name) : scope[bound]
}

const longestMessage = 300

function expressionError(fault: Fault, source: string): ExpressionError {
  const name = fault.token === undefined ? '' : `${shortened(fault.token)}: `
  const text = `${name}${fault.message.slice(0, longestMessage)}${placeText(fault, source)}`
  return new ExpressionError(fault.kind, text, { cause: fault })
}

function placeText({ position }: Fault, source: string): string {
  if (position === undefined) return ` (in ${shortened(source)})`
  return ` (at character ${position} of the expression, behind ${JSON.stringify(source.slice(Math.max(0, position - 24), position))})`
}
