import { everyStep } from '../expression/expression.ts'
import type { Draft } from '../finding/draft.ts'
import { quoted, suggestion } from '../finding/suggest.ts'
import type { FlowExpression } from './flow-expressions.ts'
import type { FlowRule, FlowView } from './flow-view.ts'
import { dashedNames, offsetOfStep } from './steps-in-source.ts'

const syntax: FlowRule = ({ expressions }) =>
  expressions.flatMap(({ parsed, path }) => {
    if (parsed.kind === 'ok') return []
    const hint = parsed.hint === undefined ? '' : `: ${parsed.hint}`
    return [{ code: 'ExpressionSyntax', path, offset: parsed.offset, message: `${parsed.message}${hint}` }]
  })

const unknownNames: FlowRule = ({ expressions }) =>
  expressions.flatMap(({ parsed, path }) => {
    if (parsed.kind !== 'ok') return []
    return parsed.warnings
      .filter(({ kind }) => kind === 'UnknownName')
      .map(({ message, hint, offset }) => ({
        code: 'UnknownVariable' as const,
        path,
        offset,
        message: hint === undefined ? message : `${message}: did you mean "${hint}"?`,
      }))
  })

/** `$steps.fetch-orders` means the step fetch-orders if there is one, whatever JSONata makes of it. */
const subtractions: FlowRule = ({ expressions, graph }) => {
  const names = new Set(graph.stepNames)
  return expressions.flatMap((expression) => {
    const { parsed, path, source } = expression
    if (parsed.kind !== 'ok') return []
    return dashedNames(source, parsed.expression.references)
      .filter(({ name }) => names.has(name))
      .map(({ name, offset }) => ({
        code: 'StepsSubtraction' as const,
        path,
        offset,
        message: `"$steps.${name}" is read as a subtraction: write $steps.\`${name}\``,
      }))
  })
}

const stepReferences: FlowRule = (view) =>
  view.expressions.flatMap((expression) => {
    const { parsed } = expression
    if (parsed.kind !== 'ok') return []
    const { references } = parsed.expression
    const named = Object.keys(references.steps).filter((name) => name !== everyStep)
    if (named.length === 0) return []
    const subtracted = new Map(dashedNames(expression.source, references).map(({ first, name }) => [first, name]))
    return named.flatMap((name) => referenceDrafts(view, expression, { name, dashed: subtracted.get(name) }))
  })

interface StepReference {
  readonly name: string
  /** What was probably meant, where a subtraction follows. */
  readonly dashed: string | undefined
}

function referenceDrafts(
  view: FlowView,
  expression: FlowExpression,
  { name, dashed }: StepReference,
): readonly Draft[] {
  const { graph } = view
  const place = { path: expression.path, offset: offsetOfStep(expression.source, name) }
  if (graph.stepNames.includes(name)) return ancestorDrafts(view, expression, name)
  // That it is a subtraction has been said already.
  if (dashed !== undefined && graph.stepNames.includes(dashed)) return []
  const written = dashed ?? name
  const ticks = dashed === undefined ? '' : '; a name with "-" stands in backticks'
  const message = `no step is named ${quoted(written)}${suggestion(written, graph.stepNames)}${ticks}`
  return [{ code: 'UnknownStepReference', ...place, message }]
}

function ancestorDrafts({ meant }: FlowView, expression: FlowExpression, name: string): readonly Draft[] {
  const { step, source, path, isBehindStep } = expression
  const place = { path, offset: offsetOfStep(source, name) }
  if (step === undefined) {
    const message = `here no step has run yet, so "$steps.${name}" is missing: read $trigger or the message itself`
    return [{ code: 'NotAnAncestor', ...place, message }]
  }
  const ancestors = meant?.ancestors().get(step)
  // Of a step that nothing leads to, that is said already.
  if (ancestors === undefined || ancestors.all.has(name)) return []
  if (ancestors.some.has(name)) {
    const message = `only some of the ways to ${quoted(step)} lead through ${quoted(name)}; on the others "$steps.${name}" is missing`
    return [{ code: 'AncestorOnSomePaths', ...place, message }]
  }
  const message =
    name === step
      ? ownMessage(isBehindStep, name)
      : `no way to ${quoted(step)} leads through ${quoted(name)}, so "$steps.${name}" is always missing`
  return [{ code: 'NotAnAncestor', ...place, message }]
}

function ownMessage(isBehindStep: boolean, name: string): string {
  return isBehindStep
    ? `"$steps.${name}" is the very message that leaves this step: write data, metadata or attachments`
    : `${quoted(name)} is this step itself, which has given no message yet`
}

/** What expressions must be, taken by themselves. */
export const localExpressionRules: readonly FlowRule[] = [syntax, unknownNames]

/** What expressions may name of the flow around them. */
export const expressionRules: readonly FlowRule[] = [subtractions, stepReferences]
