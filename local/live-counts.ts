import type { Plan } from '../flow/plan/plan.ts'
import type { RunnerObserver } from '../runtime/runner/runner-parts.ts'

/** What has happened at one step since the start. */
export interface StepCounts {
  readonly flow: string
  readonly step: string
  readonly received: number
  readonly retried: number
  readonly dead: number
  readonly discarded: number
}

export interface LiveCounts {
  /** In the order of the flows and their steps; as it is now. */
  readonly steps: () => readonly StepCounts[]
  /** Messages that have left a last step. */
  readonly finished: () => number
  readonly deadLetters: () => number
  /** Counts the steps of these plans as well, behind those that are known. */
  readonly know: (plans: readonly Plan[]) => void
  readonly observe: Pick<RunnerObserver, 'onReceived' | 'onEvent' | 'onFinished'> & {
    readonly onDeadLetter: () => void
  }
}

type Counting = { -readonly [Field in keyof StepCounts]: StepCounts[Field] }

/** Counts per step, for people to look at. */
export function liveCounts(plans: readonly Plan[]): LiveCounts {
  const names = new Map<string, string>()
  const steps = new Map<string, Counting>()
  const know = (more: readonly Plan[]): void => {
    for (const { flow, steps: own } of more) {
      names.set(flow.uid, flow.name)
      for (const step of Object.keys(own)) {
        const key = `${flow.name} ${step}`
        if (!steps.has(key)) steps.set(key, { flow: flow.name, step, received: 0, retried: 0, dead: 0, discarded: 0 })
      }
    }
  }
  know(plans)
  let finished = 0
  let deadLetters = 0
  const add = (flow: string, step: string, what: 'received' | 'retried' | 'dead' | 'discarded'): void => {
    const counting = steps.get(`${flow} ${step}`)
    if (counting !== undefined) counting[what] += 1
  }
  return {
    steps: () => [...steps.values()].map((counting) => ({ ...counting })),
    finished: () => finished,
    deadLetters: () => deadLetters,
    know,
    observe: {
      onReceived: (flow, step) => add(flow, step, 'received'),
      onFinished: () => {
        finished += 1
      },
      onDeadLetter: () => {
        deadLetters += 1
      },
      onEvent: ({ flow, step, kind }) => {
        if (kind === 'retried' || kind === 'dead' || kind === 'discarded') add(names.get(flow) ?? flow, step, kind)
      },
    },
  }
}
