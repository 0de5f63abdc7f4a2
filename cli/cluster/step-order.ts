import type { Plan } from '../../flow/plan/plan.ts'

/** The plan with its steps as messages come by them, and all else in the order of the alphabet: an API server keeps no order of keys. */
export function inReadingOrder(plan: Plan): Plan {
  const names = [...reached(plan), ...Object.keys(plan.steps).toSorted()]
  const steps = Object.fromEntries(
    [...new Set(names)].flatMap((name) => {
      const step = plan.steps[name]
      return step === undefined ? [] : [[name, sorted(step) as typeof step] as const] // the same, in another order
    }),
  )
  return { ...(sorted(plan) as Plan), steps } // the same, in another order
}

function reached({ triggers, steps }: Plan): ReadonlySet<string> {
  // A set goes on to what is added while it is walked through.
  const names = new Set(triggers.map(({ to }) => to))
  for (const name of names) {
    const step = steps[name]
    for (const { to } of step?.next ?? []) names.add(to)
    if (step?.onError.to !== undefined) names.add(step.onError.to.step)
  }
  return names
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(entries.map(([key, field]) => [key, sorted(field)]))
}
