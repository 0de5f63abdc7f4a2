import type { BuiltInPlanStep, PlanStep, PlanTrigger } from './plan.ts'

/** The sources of all expressions that a step's messages meet: its own, and those of its edges. */
export function expressionsOf(step: PlanStep): readonly string[] {
  const edges = step.next.flatMap(({ when, map }) => [when, map])
  return [...ownExpressions(step), ...edges].filter((source) => source !== undefined)
}

/** The sources of all expressions that are evaluated when the trigger fires. */
export function expressionsOfTrigger({ spec }: PlanTrigger): readonly string[] {
  const body = spec.webhook?.accepted?.body
  return body === undefined ? [] : [body]
}

function ownExpressions(step: PlanStep): readonly (string | undefined)[] {
  return step.kind === 'component' ? [...Object.values(step.bind), step.deduplicate?.key] : builtInExpressions(step)
}

function builtInExpressions(step: BuiltInPlanStep): readonly (string | undefined)[] {
  switch (step.kind) {
    case 'transform':
      return [step.transform, step.transformMetadata]
    case 'set':
      return Object.values(step.set)
    case 'filter':
      return [step.filter]
    case 'split':
      return [step.split]
    case 'wait':
      return [step.until]
    case 'log':
      return [step.log]
    case 'fail':
      return [step.message]
    case 'respond':
      return [step.status, step.body, ...Object.values(step.headers)]
  }
}
