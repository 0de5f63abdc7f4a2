import type { Clock } from '../clock.ts'
import { readObservations } from '../recorder/observation-batch.ts'
import { emptyDeque, itemsOf, peekFirst, pushLast, shiftFirst } from '../ring-deque.ts'
import type { Work } from './memory-store.ts'
import type { Retention } from './retention.ts'
import { defaultListLimit, knownBatches } from './retention.ts'
import type { Run, RunFilter, RunStore, StepEvent } from './store.ts'

export function memoryRuns(work: Work, clock: Clock, retention: Retention): RunStore {
  /** The one added last comes last. */
  const runs = new Map<string, Run>()
  const events = emptyDeque<StepEvent>()
  let dropped = 0
  const isNew = newBatches()

  const forget = (): void => {
    const oldest = clock.now() - retention.observedMs
    for (const [id, run] of runs) {
      if (runs.size <= retention.runs && run.startedAt >= oldest) break
      runs.delete(id)
    }
    for (let event = peekFirst(events); event; event = peekFirst(events)) {
      if (events.size <= retention.events && event.at >= oldest) break
      shiftFirst(events)
    }
  }
  const add = (addedRuns: readonly Run[], addedEvents: readonly StepEvent[]): void => {
    for (const run of addedRuns) if (!runs.has(run.id)) runs.set(run.id, run)
    for (const event of addedEvents) pushLast(events, event)
    forget()
  }
  return {
    addRuns: (added) => work(() => add(added, [])),
    addEvents: (added) => work(() => add([], added)),
    addBatches: (batches) =>
      work(() => {
        for (const batch of batches) {
          const observed = readObservations(batch)
          if (isNew(batch.id)) add(observed.runs, observed.events)
        }
      }),
    get: (id) => work(() => runs.get(id)),
    list: (filter) => work(() => listed(runs.values(), filter)),
    addDropped: (count) => work(() => void (dropped += count)),
    dropped: () => work(() => dropped),
    events: (run, limit) => work(() => eventsOf(itemsOf(events), run).slice(0, limit)),
  }
}

function eventsOf(events: Iterable<StepEvent>, run: string): StepEvent[] {
  return [...events].filter((event) => event.run === run).toSorted((left, right) => left.at - right.at)
}

function listed(
  runs: Iterable<Run>,
  { flow, namespace, startedFrom = Number.NEGATIVE_INFINITY, limit = defaultListLimit }: RunFilter,
): readonly Run[] {
  return [...runs]
    .filter((run) => flow === undefined || run.flow === flow)
    .filter((run) => namespace === undefined || run.namespace === namespace)
    .filter((run) => run.startedAt >= startedFrom)
    .toReversed()
    .toSorted((left, right) => right.startedAt - left.startedAt)
    .slice(0, limit)
}

/** Says once of each batch that it is new; the oldest ids are forgotten. */
function newBatches(): (id: string) => boolean {
  const known = new Set<string>()
  return (id) => {
    if (known.has(id)) return false
    known.add(id)
    for (const oldest of known) {
      if (known.size <= knownBatches) break
      known.delete(oldest)
    }
    return true
  }
}
