import type { Plan } from '../../flow/plan/plan.ts'
import type { StepEvent } from '../../runtime/store/store.ts'

/** What became of a run's messages at one step, and what stands behind it. */
export interface StepNode {
  readonly step: string
  readonly tally: StepTally
  /** It ran where the step before it ran, and only what ended there is told of. */
  readonly isFused: boolean
  /** Shown elsewhere, with what is behind it: several steps lead to it. */
  readonly isRepeated: boolean
  readonly next: readonly StepNode[]
}

export interface StepTally {
  /** Messages that were worked on, each once. */
  readonly messages: number
  readonly attempts: number
  readonly settled: number
  readonly emitted: number
  readonly dead: number
  readonly discarded: number
  readonly waiting: number
  /** Milliseconds since 1970, of its first event's beginning and its last one's end; undefined without any. */
  readonly firstAt?: number
  readonly lastAt?: number
  /** The sum of all attempts. */
  readonly durationMs: number
}

/** The steps of a run in the order of its plan, from where its trigger goes; those that the plan does not know come last. */
export function runTree(plan: Plan | undefined, trigger: string, events: readonly StepEvent[]): readonly StepNode[] {
  const byStep = Map.groupBy(events, ({ step }) => step)
  const shown = new Set<string>()
  const node = (step: string): StepNode => {
    const isRepeated = shown.has(step)
    shown.add(step)
    return {
      step,
      tally: tallyOf(byStep.get(step) ?? []),
      isFused: plan !== undefined && isFused(plan, step),
      isRepeated,
      next: isRepeated ? [] : targetsOf(plan, step).map(node),
    }
  }
  const entry = plan?.triggers.find(({ name }) => name === trigger)?.to
  const roots = entry === undefined ? [] : [node(entry)]
  // One after the other: what is behind one is not a root of its own.
  const others: StepNode[] = []
  for (const step of byStep.keys()) if (!shown.has(step)) others.push(node(step))
  return [...roots, ...others]
}

function targetsOf(plan: Plan | undefined, name: string): readonly string[] {
  const step = plan === undefined || !Object.hasOwn(plan.steps, name) ? undefined : plan.steps[name]
  if (step === undefined) return []
  const onError = step.onError.to
  return [...new Set([...step.next.map(({ to }) => to), ...(onError === undefined ? [] : [onError.step])])]
}

function isFused({ steps, stages }: Plan, name: string): boolean {
  const step = Object.hasOwn(steps, name) ? steps[name] : undefined
  return step !== undefined && step.kind !== 'component' && stages.every(({ entries }) => entries[0] !== name)
}

function tallyOf(events: readonly StepEvent[]): StepTally {
  const of = (kind: StepEvent['kind']): number => events.filter((event) => event.kind === kind).length
  const tally = {
    messages: new Set(events.map(({ messageId }) => messageId)).size,
    attempts: events.length - of('waiting'),
    settled: of('settled') + of('diverted') + of('filtered'),
    emitted: events.reduce((sum, { emitted }) => sum + emitted, 0),
    dead: of('dead'),
    discarded: of('discarded'),
    waiting: of('waiting'),
    durationMs: events.reduce((sum, { durationMs }) => sum + durationMs, 0),
  }
  if (events.length === 0) return tally
  return {
    ...tally,
    firstAt: events.reduce((first, { at, durationMs }) => Math.min(first, at - durationMs), Infinity),
    lastAt: events.reduce((last, { at }) => Math.max(last, at), 0),
  }
}
