import { describeStep, edgeConditions } from './describe-step.ts'
import { describeTrigger } from './describe-trigger.ts'
import { oneLine } from './one-line.ts'
import type { Plan, PlanStage, PlanStep } from './plan.ts'

/** A plan for people, with every default that the flow left to the compiler; it ends with a line break. */
export function describePlan(plan: Plan): string {
  const { flow, revision, hash } = plan
  const state = [flow.suspend ? 'suspended' : '', flow.freeze ? 'frozen' : ''].filter(Boolean)
  const lines = [
    [`flow ${flow.namespace}/${flow.name}`, `revision ${revision}`, `hash ${hash}`, ...state].join('   '),
    '',
    'triggers',
    ...table(plan.triggers.map((trigger) => [trigger.name, `→ ${trigger.to}`, oneLine(describeTrigger(trigger))])),
    '',
    'stages',
    ...table(plan.stages.map(stageRow)),
    '',
    'steps',
    ...Object.values(plan.steps).flatMap(describeStep),
    ...carriedLines(plan),
  ]
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

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

/** Rows with their columns under one another; the last is not padded. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')}`)
}

function stageRow({ name, pool, queue, entries, singleActiveConsumer, snapshot }: PlanStage): readonly string[] {
  const mode = [
    singleActiveConsumer ? 'one consumer' : '',
    snapshot === 'none' ? '' : `snapshot at ${snapshot === 'checkpoint' ? 'checkpoints' : 'settlement'}`,
  ]
  return [name, `pool ${pool}`, `queue ${queue}`, `steps ${entries.join(', ')}`, mode.filter(Boolean).join(', ')]
}

function carriedLines({ carried }: Plan): readonly string[] {
  const paths = (from: string, all: readonly (readonly string[])[]): string[] =>
    all.map((path) => `  ${oneLine([from, ...path].join('.'))}`)
  const steps = Object.entries(carried.steps).flatMap(([name, all]) => paths(`$steps.${name}`, all))
  const lines = [...steps, ...paths('$trigger', carried.trigger)]
  return lines.length === 0 ? [] : ['', 'carried by messages', ...lines]
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
