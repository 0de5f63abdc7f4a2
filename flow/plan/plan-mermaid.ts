import { edgeConditions } from './describe-step.ts'
import { describeTrigger } from './describe-trigger.ts'
import { oneLine } from './one-line.ts'
import type { Plan, PlanStep } from './plan.ts'

/** A plan as a Mermaid flowchart; it ends with a line break. */
export function planMermaid(plan: Plan): string {
  // Names never are node ids: "end" is a word of Mermaid's.
  const ids = new Map(Object.keys(plan.steps).map((name, at) => [name, `s${at}`]))
  const idOf = (step: string): string => ids.get(step) ?? ''
  const steps = Object.values(plan.steps)
  const triggers = plan.triggers.flatMap((trigger, at) => [
    `t${at}([${label(trigger.name, describeTrigger(trigger))}])`,
    `t${at} --> ${idOf(trigger.to)}`,
  ])
  const lines = [
    'flowchart LR',
    ...triggers,
    ...steps.map((step) => nodeOf(step, idOf(step.name))),
    ...steps.flatMap((step) => edgesOf(step, idOf)),
  ]
  return `${lines.map((line, at) => (at === 0 ? line : `  ${line}`)).join('\n')}\n`
}

/** Square for what has a queue of its own, round for what is fused. */
function nodeOf(step: PlanStep, id: string): string {
  if (step.kind !== 'component') return `${id}(${label(step.name, step.kind)})`
  return `${id}[${label(step.name, `${step.component.name} ${step.function.name}`)}]`
}

function edgesOf(step: PlanStep, idOf: (step: string) => string): readonly string[] {
  const next = step.next.map((edge) => {
    const conditions = edgeConditions(edge)
    const text = conditions === '' ? '' : `|${label(conditions)}|`
    return `${idOf(step.name)} -->${text} ${idOf(edge.to)}`
  })
  const { to } = step.onError
  return to === undefined ? next : [...next, `${idOf(step.name)} -.->|${label('on error')}| ${idOf(to.step)}`]
}

function label(...rows: readonly string[]): string {
  return `"${rows.map((row) => escaped(oneLine(row, 60))).join('<br>')}"`
}

/** All but letters, digits and a few signs as character codes: a label is HTML, Markdown and Mermaid's own syntax at once. */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:/=_-]/gu, (sign) => `#${sign.codePointAt(0) ?? 0};`)
}
