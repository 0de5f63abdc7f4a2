import type { RunnerObserver } from '../runtime/runner/runner-parts.ts'

/** What has happened at one step since the start. */
export interface StepCounts {
  readonly flow: string
  readonly step: string
  received: number
  finished: number
  retried: number
  dead: number
  discarded: number
}

export interface LiveCounts {
  readonly steps: () => readonly StepCounts[]
  readonly observe: Pick<RunnerObserver, 'onReceived' | 'onEvent' | 'onFinished'>
}

/** Counts per step for the live view; the steps are listed in the order given. */
export function liveCounts(
  steps: readonly { readonly flow: string; readonly uid: string; readonly step: string }[],
): LiveCounts {
  const byName = new Map<string, StepCounts>()
  const names = new Map(steps.map(({ uid, flow }) => [uid, flow]))
  for (const { flow, step } of steps) {
    byName.set(`${flow} ${step}`, { flow, step, received: 0, finished: 0, retried: 0, dead: 0, discarded: 0 })
  }
  const at = (flow: string, step: string): StepCounts | undefined => byName.get(`${flow} ${step}`)
  return {
    steps: () => [...byName.values()],
    observe: {
      onReceived: (flow, step) => {
        const counts = at(flow, step)
        if (counts !== undefined) counts.received += 1
      },
      onFinished: ({ flow, step }) => {
        const counts = at(flow, step)
        if (counts !== undefined) counts.finished += 1
      },
      onEvent: ({ flow, step, kind }) => {
        const counts = at(names.get(flow) ?? flow, step)
        if (counts !== undefined && (kind === 'retried' || kind === 'dead' || kind === 'discarded')) counts[kind] += 1
      },
    },
  }
}
