import type { Edge, Step } from '../../crds/v1alpha1/step.ts'
import type { FlowSpec } from '../../crds/v1alpha1/flow.ts'
import type { Trigger } from '../../crds/v1alpha1/trigger.ts'
import { nearestOf } from '../finding/suggest.ts'

/**
 * The spec with edges to misspelt steps led to the near name, and a missing `next` to the step below: what was probably meant.
 * The same object when there is nothing to mend, undefined when nobody can tell.
 */
export function mendedSpec(spec: FlowSpec): FlowSpec | undefined {
  const names = new Set(spec.steps.map((step) => step.name))
  if (names.size < spec.steps.length) return undefined
  const isWhole = isNextWhole(spec.steps) && targetsOf(spec).every((to) => names.has(to))
  return isWhole ? spec : mend(spec, names)
}

/** Whether every step but the last writes `next`, or none does. */
function isNextWhole(steps: readonly Step[]): boolean {
  const without = steps.filter((step) => step.next === undefined)
  return without.length === steps.length || without.every((step) => step === steps.at(-1))
}

function targetsOf({ steps, triggers }: FlowSpec): string[] {
  const edges = steps.flatMap((step) => [...(step.next ?? []).map(({ to }) => to), step.onError?.to])
  return [...edges, ...triggers.map(({ to }) => to)].filter((to) => to !== undefined)
}

function mend(spec: FlowSpec, names: ReadonlySet<string>): FlowSpec | undefined {
  const nearest = new Map(targetsOf(spec).map((to) => [to, names.has(to) ? to : nearestOf(to, names)]))
  const meant = (to: string): string => nearest.get(to) ?? to
  if ([...nearest.values()].includes(undefined)) return undefined
  const isSequence = spec.steps.every((step) => step.next === undefined)
  const steps = spec.steps.map((step, at) => {
    const below = isSequence ? undefined : spec.steps[at + 1]
    return mendedStep(step, meant, below === undefined ? undefined : [{ to: below.name }])
  })
  return { ...spec, steps, triggers: spec.triggers.map((trigger) => mendedTrigger(trigger, meant)) }
}

function mendedStep(step: Step, meant: (to: string) => string, below: readonly Edge[] | undefined): Step {
  const next = step.next?.map((edge) => ({ ...edge, to: meant(edge.to) })) ?? below
  const { onError } = step
  const handled = onError?.to === undefined ? {} : { onError: { ...onError, to: meant(onError.to) } }
  return { ...step, ...(next === undefined ? {} : { next }), ...handled }
}

function mendedTrigger(trigger: Trigger, meant: (to: string) => string): Trigger {
  return trigger.to === undefined ? trigger : { ...trigger, to: meant(trigger.to) }
}
