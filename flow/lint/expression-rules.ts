import { everyStep, type ExpressionWarning } from '../expression/expression.ts'
import type { Draft } from '../finding/draft.ts'
import { quoted, suggestion } from '../finding/suggest.ts'
import { ancestorDrafts } from './ancestor-drafts.ts'
import type { FlowExpression } from './flow-expressions.ts'
import type { FlowRule, FlowView } from './flow-view.ts'
import { offsetOfStep } from './offset-of-step.ts'

const syntax: FlowRule = ({ expressions }) =>
  expressions.flatMap(({ parsed, path }) => {
    if (parsed.kind === 'ok') return []
    const hint = parsed.hint === undefined ? '' : `: ${parsed.hint}`
    return [{ code: 'ExpressionSyntax', path, offset: parsed.offset, message: `${parsed.message}${hint}` }]
  })

const unknownVariables: FlowRule = ({ expressions }) =>
  expressions.flatMap(({ parsed, path }) =>
    warningsOf(parsed, 'UnknownName').map(({ message, hint, offset }) => ({
      code: 'UnknownVariable' as const,
      path,
      offset,
      message: hint === undefined ? message : `${message}: did you mean ${hint}?`,
    })),
  )

function warningsOf(parsed: FlowExpression['parsed'], kind: ExpressionWarning['kind']): readonly ExpressionWarning[] {
  return parsed.kind === 'ok' ? parsed.warnings.filter((warning) => warning.kind === kind) : []
}

const subtractions: FlowRule = (view) =>
  view.expressions.flatMap((expression) =>
    warningsOf(expression.parsed, 'Subtraction').flatMap((warning) => subtractionDrafts(view, expression, warning)),
  )

/** `$steps.fetch-orders` means the step fetch-orders if there is one, whatever JSONata makes of it. */
function subtractionDrafts(
  { graph }: FlowView,
  { path, source }: FlowExpression,
  { message, hint = '', offset }: ExpressionWarning,
): readonly Draft[] {
  const step = dashedStep(hint)
  if (step === undefined) return [{ code: 'DashInName', path, offset, message }]
  const at = source.lastIndexOf('$steps', offset)
  if (graph.stepNames.includes(step)) return [{ code: 'StepsSubtraction', path, offset: at, message }]
  // Of a first part that is no step either, it is told that it is none.
  return graph.stepNames.includes(firstPart(step)) ? [{ code: 'DashInName', path, offset: at, message }] : []
}

/** `fetch-orders` of the hint "$steps.`fetch-orders`". */
function dashedStep(hint: string): string | undefined {
  return /^\$steps\.`([^`]+)`$/.exec(hint)?.[1]
}

function firstPart(name: string): string {
  return name.slice(0, name.indexOf('-'))
}

const stepReferences: FlowRule = (view) =>
  view.expressions.flatMap((expression) => {
    if (expression.parsed.kind !== 'ok') return []
    const named = Object.keys(expression.parsed.expression.references.steps)
    return named.flatMap((name) => (name === everyStep ? [] : referenceDrafts(view, expression, name)))
  })

function referenceDrafts(view: FlowView, expression: FlowExpression, name: string): readonly Draft[] {
  const { stepNames } = view.graph
  const { parsed, path, source } = expression
  const dashed = warningsOf(parsed, 'Subtraction').map(({ hint = '' }) => dashedStep(hint))
  const meant = dashed.find((step) => step !== undefined && firstPart(step) === name)
  // That it is a subtraction has been said already.
  if (meant !== undefined && stepNames.includes(meant)) return []
  if (stepNames.includes(name)) return ancestorDrafts(view, expression, name)
  const written = meant ?? name
  const ticks = meant === undefined ? '' : '; a name with "-" stands in backticks'
  const message = `no step is named ${quoted(written)}${suggestion(written, stepNames)}${ticks}`
  return [{ code: 'UnknownStepReference', path, offset: offsetOfStep(source, name), message }]
}

/** What expressions must be, taken by themselves. */
export const localExpressionRules: readonly FlowRule[] = [syntax, unknownVariables]

/** What expressions may name of the flow around them. */
export const expressionRules: readonly FlowRule[] = [subtractions, stepReferences]
