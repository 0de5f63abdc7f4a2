import { describeStep } from './describe-step.ts'
import { describeTrigger } from './describe-trigger.ts'
import { oneLine } from './one-line.ts'
import type { Plan, PlanStage } from './plan.ts'

/** A plan for people, with every default that the flow left to the compiler; it ends with a line break. */
export function describePlan(plan: Plan): string {
  const { flow, revision, hash } = plan
  const state = [flow.suspend ? 'suspended' : '', flow.freeze ? 'frozen' : ''].filter(Boolean)
  const lines = [
    [`flow ${flow.namespace}/${flow.name}`, `revision ${revision}`, `hash ${hash}`, ...state].join('   '),
    '',
    'triggers',
    ...table(plan.triggers.map((trigger) => [trigger.name, `→ ${trigger.to}`, oneLine(describeTrigger(trigger), 200)])),
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
