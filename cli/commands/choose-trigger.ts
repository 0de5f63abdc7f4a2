import type { Plan, PlanTrigger } from '../../flow/plan/plan.ts'
import { UsageError } from '../usage-error.ts'

export interface ChosenTrigger {
  readonly plan: Plan
  readonly trigger: PlanTrigger
}

/**
 * The trigger that `--trigger FLOW[/TRIGGER]` names; without it, or with a flow alone, the only one there is, else the only manual one.
 *
 * @throws {UsageError} that lists the triggers when it is not clear which
 */
export function chooseTrigger(plans: readonly Plan[], named: string | undefined): ChosenTrigger {
  const all = plans.flatMap((plan) => plan.triggers.map((trigger) => ({ plan, trigger })))
  if (all.length === 0)
    throw new UsageError('no flow has a trigger; write at least `- {name: by-hand, manual: {}}` under spec.triggers')
  if (named === undefined) return onlyOne(all, all, 'say which trigger with --trigger FLOW/TRIGGER')
  const [flow, trigger] = named.split('/', 2)
  const matching = all.filter(
    (one) => one.plan.flow.name === flow && (trigger === undefined || one.trigger.name === trigger),
  )
  if (matching.length === 0) throw new UsageError(`there is no trigger "${named}"; there ${listOf(all)}`)
  return trigger === undefined
    ? onlyOne(matching, all, `flow "${flow}" has several triggers`)
    : onlyOne(matching, all, `"${named}" is not the only one`)
}

function onlyOne(candidates: readonly ChosenTrigger[], all: readonly ChosenTrigger[], problem: string): ChosenTrigger {
  const manual = candidates.filter(({ trigger }) => trigger.kind === 'manual')
  const only = candidates.length === 1 ? candidates[0] : manual.length === 1 ? manual[0] : undefined
  if (only !== undefined) return only
  throw new UsageError(`${problem}; there ${listOf(all)}`)
}

function listOf(all: readonly ChosenTrigger[]): string {
  const names = all.map(({ plan, trigger }) => `${plan.flow.name}/${trigger.name} (${trigger.kind})`)
  return `${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`
}
