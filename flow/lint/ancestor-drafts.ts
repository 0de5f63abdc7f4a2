import type { Draft } from '../finding/draft.ts'
import { quoted } from '../finding/suggest.ts'
import { passing } from '../graph/paths.ts'
import type { FlowExpression } from './flow-expressions.ts'
import type { FlowView } from './flow-view.ts'
import { offsetOfStep } from './offset-of-step.ts'

/** What is wrong with naming the step, which exists, in the expression: it must have run on the way there. */
export function ancestorDrafts({ meant }: FlowView, expression: FlowExpression, name: string): readonly Draft[] {
  const { step, path, source } = expression
  const place = { path, offset: offsetOfStep(source, name) }
  if (step === undefined) {
    const message = `here no step has run yet, so "$steps.${name}" is missing: read $trigger or the message itself`
    return [{ code: 'NotAnAncestor', ...place, message }]
  }
  // Of a step that nothing leads to, that is said already.
  if (meant === undefined || !meant.reachable.has(step)) return []
  const ways = passing(meant.graph, name, step)
  if (ways === 'all') return []
  if (ways === 'some') {
    const message = `only some of the ways to ${quoted(step)} lead through ${quoted(name)}; on the others "$steps.${name}" is missing`
    return [{ code: 'AncestorOnSomePaths', ...place, message }]
  }
  return [
    {
      code: 'NotAnAncestor',
      ...place,
      message: name === step ? ownMessage(expression, name) : lostMessage(step, name),
    },
  ]
}

function ownMessage({ isBehindStep }: FlowExpression, name: string): string {
  return isBehindStep
    ? `"$steps.${name}" is the very message that leaves this step: write data, metadata or attachments`
    : `${quoted(name)} is this step itself, which has given no message yet`
}

function lostMessage(step: string, name: string): string {
  return `no way to ${quoted(step)} leads through ${quoted(name)}, so "$steps.${name}" is always missing`
}
