import type { Plan, PlanTrigger } from '../../flow/plan/plan.ts'
import { nearestOf } from '../../flow/finding/suggest.ts'
import { UsageError } from '../usage-error.ts'

export interface ChosenTrigger {
  readonly plan: Plan
  readonly trigger: PlanTrigger
}

/**
 * The trigger that `--trigger FLOW[/TRIGGER]` names, or `NAMESPACE/FLOW[/TRIGGER]`; where that leaves several, and without it, the
 * only one there is, else the only manual one.
 *
 * @throws {UsageError} that lists the triggers when it is not clear which, and when the one cannot be fired once
 */
export function chooseTrigger(plans: readonly Plan[], named: string | undefined): ChosenTrigger {
  const all = plans.flatMap((plan) => plan.triggers.map((trigger) => ({ plan, trigger })))
  if (all.length === 0)
    throw new UsageError('no flow has a trigger: write `- {name: by-hand, manual: {}}` under triggers')
  const candidates = named === undefined ? all : all.filter((one) => namesOf(one).includes(named))
  if (candidates.length === 0 && named !== undefined) throw unknownTrigger(named, all)
  const chosen = onlyOne(candidates)
  if (chosen === undefined) throw new UsageError(`say which trigger with --trigger FLOW/TRIGGER: ${listOf(candidates)}`)
  return fireable(chosen)
}

function onlyOne(candidates: readonly ChosenTrigger[]): ChosenTrigger | undefined {
  const manual = candidates.filter(({ trigger }) => trigger.kind === 'manual')
  return [candidates, manual].find(({ length }) => length === 1)?.[0]
}

/** From the shortest to the longest. */
function namesOf({ plan, trigger }: ChosenTrigger): readonly string[] {
  const { namespace, name } = plan.flow
  return [name, `${name}/${trigger.name}`, `${namespace}/${name}`, `${namespace}/${name}/${trigger.name}`]
}

function unknownTrigger(named: string, all: readonly ChosenTrigger[]): UsageError {
  const nearest = nearestOf(named, new Set(all.flatMap(namesOf)))
  const hint = nearest === undefined ? '.' : `; did you mean "${nearest}"?`
  return new UsageError(`there is no trigger "${named}"${hint} There are: ${listOf(all)}`)
}

function fireable(chosen: ChosenTrigger): ChosenTrigger {
  const { plan, trigger } = chosen
  if (trigger.kind === 'listen') {
    throw new UsageError(`trigger "${plan.flow.name}/${trigger.name}" listens without an end: run it without --once`)
  }
  if (plan.flow.freeze) {
    throw new UsageError(`flow "${plan.flow.name}" is frozen, so nothing of it would run: remove "freeze: true"`)
  }
  return chosen
}

function listOf(triggers: readonly ChosenTrigger[]): string {
  const isOneNamespace = new Set(triggers.map(({ plan }) => plan.flow.namespace)).size === 1
  return triggers.map((one) => `${namesOf(one)[isOneNamespace ? 1 : 3]} (${one.trigger.kind})`).join(', ')
}
