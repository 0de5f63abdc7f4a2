import type { Random } from './random.ts'
import type { RandomFlow, RandomStep } from './random-flow.ts'
import { flowOf, randomBehaviour, randomEdges, randomStep } from './random-flow.ts'

/** Names that steps of random flows may have; later ones come later. */
export const stepNames = Array.from({ length: 16 }, (_, at) => `s${at}`)

/** What an edit at random makes of a flow: one or two changes of its steps, their order, their edges and their settings. */
export function editFlow(random: Random, flow: RandomFlow): RandomFlow {
  let { parts } = flow
  for (let times = random.between(1, 2); times > 0; times -= 1) parts = random.pick(changes)(random, parts)
  return flowOf(parts)
}

type Change = (random: Random, parts: readonly RandomStep[]) => readonly RandomStep[]

const changes: readonly Change[] = [addStep, removeStep, changeConfig, changeEdges, changeErrors, replaceStep]

function addStep(random: Random, parts: readonly RandomStep[]): readonly RandomStep[] {
  const free = stepNames.filter((name) => parts.every((step) => step.name !== name))
  if (free.length === 0) return parts
  const name = random.pick(free)
  const later = laterThan(parts, name)
  const step = randomStep(random, { name, later, hasSnapshot: false, withLate: false })
  const earlier = parts.filter((one) => isBefore(one.name, name))
  const leads = new Set(earlier.filter(() => random.chance(0.5)).map((one) => one.name))
  const linked = parts.map((one) =>
    leads.has(one.name) ? { ...one, next: [...one.next, { to: name, condition: 'none' as const }] } : one,
  )
  return [...linked, step].toSorted((left, right) => (isBefore(left.name, right.name) ? -1 : 1))
}

function removeStep(random: Random, parts: readonly RandomStep[]): readonly RandomStep[] {
  if (parts.length === 1) return parts
  const { name } = random.pick(parts)
  return parts.filter((step) => step.name !== name).map((step) => withoutTarget(step, name))
}

function withoutTarget(step: RandomStep, name: string): RandomStep {
  const { to, ...errors } = step.errors
  const left = step.next.filter((edge) => edge.to !== name)
  // An `otherwise` without a condition before it means nothing.
  const isWhole =
    left.some(({ condition }) => condition === 'even') || left.every(({ condition }) => condition === 'none')
  const next = isWhole ? left : left.map((edge) => ({ ...edge, condition: 'none' as const }))
  return { ...step, next, errors: to === undefined || to === name ? errors : { ...errors, to } }
}

function changeConfig(random: Random, parts: readonly RandomStep[]): readonly RandomStep[] {
  return changeOne(random, parts, (step) => {
    if (step.kind !== 'component') return step
    const { snapshot, ordered } = step.behaviour
    const place = { name: step.name, later: [], hasSnapshot: snapshot, withLate: false }
    return { ...step, behaviour: { ...randomBehaviour(random, place), snapshot, ordered } }
  })
}

function changeEdges(random: Random, parts: readonly RandomStep[]): readonly RandomStep[] {
  return changeOne(random, parts, (step) => ({ ...step, next: randomEdges(random, laterThan(parts, step.name)) }))
}

function changeErrors(random: Random, parts: readonly RandomStep[]): readonly RandomStep[] {
  return changeOne(random, parts, (step) => {
    const { errors } = randomStep(random, {
      name: step.name,
      later: laterThan(parts, step.name),
      hasSnapshot: false,
      withLate: false,
    })
    return { ...step, errors }
  })
}

/** By one of another kind, it may be: its queue is another one then, or none. */
function replaceStep(random: Random, parts: readonly RandomStep[]): readonly RandomStep[] {
  return changeOne(random, parts, (step) => {
    if (step.kind === 'component' && step.behaviour.snapshot) return step
    return randomStep(random, {
      name: step.name,
      later: laterThan(parts, step.name),
      hasSnapshot: false,
      withLate: false,
    })
  })
}

function changeOne(
  random: Random,
  parts: readonly RandomStep[],
  change: (step: RandomStep) => RandomStep,
): readonly RandomStep[] {
  const chosen = random.pick(parts)
  return parts.map((step) => (step === chosen ? change(step) : step))
}

function laterThan(parts: readonly RandomStep[], name: string): string[] {
  return parts.map((step) => step.name).filter((other) => isBefore(name, other))
}

function isBefore(left: string, right: string): boolean {
  return stepNames.indexOf(left) < stepNames.indexOf(right)
}
