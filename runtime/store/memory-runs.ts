import type { Clock } from '../clock.ts'
import { readObservations } from '../recorder/observation-batch.ts'
import { emptyDeque, itemsOf, peekFirst, pushLast, shiftFirst } from '../ring-deque.ts'
import type { Work } from './memory-store.ts'
import type { Retention } from './retention.ts'
import { defaultListLimit, knownBatches } from './retention.ts'
import type { Run, RunStore, StepEvent } from './store.ts'

export function memoryRuns(work: Work, clock: Clock, retention: Retention): RunStore {
  /** The one added last comes last. */
  const runs = new Map<string, Run>()
  const events = emptyDeque<StepEvent>()
  let dropped = 0
  /** Of the last batches, so that none is added twice. */
  const batches = new Set<string>()

  const addRuns = (added: readonly Run[]): void => {
    for (const run of added) if (!runs.has(run.id)) runs.set(run.id, run)
  }
  const addEvents = (added: readonly StepEvent[]): void => {
    for (const event of added) pushLast(events, event)
  }
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
  return {
    addRuns: (added) =>
      work(() => {
        addRuns(added)
        forget()
      }),
    addEvents: (added) =>
      work(() => {
        addEvents(added)
        forget()
      }),
    addBatch: (batch) =>
      work(() => {
        if (batches.has(batch.id)) return
        const observed = readObservations(batch)
        batches.add(batch.id)
        for (const id of batches) if (batches.size > knownBatches) batches.delete(id)
        addRuns(observed.runs)
        addEvents(observed.events)
        forget()
      }),
    get: (id) => work(() => runs.get(id)),
    list: ({ flow, namespace, startedFrom = Number.NEGATIVE_INFINITY, limit = defaultListLimit }) =>
      work(() =>
        [...runs.values()]
          .filter((run) => flow === undefined || run.flow === flow)
          .filter((run) => namespace === undefined || run.namespace === namespace)
          .filter((run) => run.startedAt >= startedFrom)
          .toReversed()
          .toSorted((left, right) => right.startedAt - left.startedAt)
          .slice(0, limit),
      ),
    addDropped: (count) => work(() => void (dropped += count)),
    dropped: () => work(() => dropped),
    events: (run, limit) =>
      work(() =>
        [...itemsOf(events)]
          .filter((event) => event.run === run)
          .toSorted((left, right) => left.at - right.at)
          .slice(0, limit),
      ),
  }
}
