import type { Run, RunStore, StepEvent } from '../store/store.ts'

/** Something seen on the way of a message. Lossy on purpose: nothing gates on it. */
export type Observation =
  { readonly kind: 'event'; readonly event: StepEvent } | { readonly kind: 'run'; readonly run: Run }

export interface ObservationBuffer {
  readonly add: (observation: Observation) => void
  readonly size: () => number
  /** Writes the oldest, in bulk; what the store refuses stays. One call at a time. */
  readonly writeBatch: (store: RunStore, size: number) => Promise<void>
}

export function observationBuffer(): ObservationBuffer {
  const runs: Run[] = []
  const events: StepEvent[] = []
  return {
    add: (observation) => {
      if (observation.kind === 'run') runs.push(observation.run)
      else events.push(observation.event)
    },
    size: () => runs.length + events.length,
    writeBatch: async (store, size) => {
      await writeFirst(runs, size, store.addRuns)
      await writeFirst(events, size, store.addEvents)
    },
  }
}

async function writeFirst<Item>(items: Item[], size: number, write: (items: Item[]) => Promise<void>): Promise<void> {
  const batch = items.slice(0, size)
  if (batch.length === 0) return
  await write(batch)
  items.splice(0, batch.length)
}
