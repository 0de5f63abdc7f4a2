import type { Clock } from '../clock.ts'
import { emptyDeque, itemsOf, peekFirst, pushLast, shiftFirst } from '../ring-deque.ts'
import type { Work } from './memory-store.ts'
import type { Retention } from './retention.ts'
import { defaultListLimit } from './retention.ts'
import type { Run, RunStore, StepEvent } from './store.ts'

export function memoryRuns(work: Work, clock: Clock, retention: Retention): RunStore {
  /** The one added last comes last. */
  const runs = new Map<string, Run>()
  const events = emptyDeque<StepEvent>()
  let dropped = 0

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
        for (const run of added) if (!runs.has(run.id)) runs.set(run.id, run)
        forget()
      }),
    addEvents: (added) =>
      work(() => {
        for (const event of added) pushLast(events, event)
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
    events: (run) => work(() => [...itemsOf(events)].filter((event) => event.run === run)),
  }
}
