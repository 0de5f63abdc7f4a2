import type { DeadLetter, StepEvent } from '../../runtime/store/store.ts'

/**
 * The events with those deaths that only the dead letters tell of: theirs were not observed, or nobody was there to see it
 * when a message had lost its way. Oldest first.
 */
export function withDeaths(events: readonly StepEvent[], letters: readonly DeadLetter[]): readonly StepEvent[] {
  const dead = new Set(events.flatMap(({ kind, messageId }) => (kind === 'dead' ? [messageId] : [])))
  const untold = letters.filter(({ id }) => !dead.has(id))
  if (untold.length === 0) return events
  return [...events, ...untold.map(deathOf)].toSorted((left, right) => left.at - right.at)
}

function deathOf({ namespace, flow, run, step, id, headers, attempts, diedAt, code, message }: DeadLetter): StepEvent {
  return {
    namespace,
    flow,
    run,
    step,
    messageId: id,
    ...(headers.parent !== undefined && { parentId: headers.parent }),
    attempt: attempts,
    kind: 'dead',
    emitted: 0,
    at: diedAt,
    durationMs: 0,
    code,
    error: message,
  }
}
