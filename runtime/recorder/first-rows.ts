import type { Run, StepEvent } from '../store/store.ts'
import { eventKinds } from './event-kinds.ts'

/** The second line of a batch as the first version wrote it: texts and ids in one table, and times told back from the batch's own. */
export interface FirstRows {
  readonly texts: readonly string[]
  readonly runs: readonly RunRow[]
  readonly events: readonly EventRow[]
}

type RunRow = readonly [
  namespace: number,
  flow: number,
  id: number,
  trigger: number,
  revision: number,
  startedAt: number,
]
type EventRow = readonly [
  namespace: number,
  flow: number,
  run: number,
  step: number,
  messageId: string,
  attempt: number,
  kind: number,
  emitted: number,
  beforeClosingMs: number,
  durationMs: number,
  parentId?: string | 0,
  code?: number,
  error?: string | 0,
  children?: number,
]

type Rest = [EventRow[10]?, EventRow[11]?, EventRow[12]?, EventRow[13]?]

const noText = -1

export function firstObservationsOf(
  rows: FirstRows,
  at: number,
): { readonly runs: readonly Run[]; readonly events: readonly StepEvent[] } {
  const text = (number: number): string => rows.texts[number] ?? ''
  return {
    runs: rows.runs.map((row) => runOf(row, text)),
    events: rows.events.map((row) => eventOf(row, at, text)),
  }
}

function runOf([namespace, flow, id, trigger, revision, startedAt]: RunRow, text: (number: number) => string): Run {
  return {
    namespace: text(namespace),
    flow: text(flow),
    id: text(id),
    trigger: text(trigger),
    revision,
    startedAt,
  }
}

function eventOf(row: EventRow, closedAt: number, text: (number: number) => string): StepEvent {
  const [namespace, flow, run, step, messageId, attempt, kind, emitted, beforeMs, durationMs] = row
  const [parentId = 0, code = noText, error = 0, children] = row.slice(10) as Rest
  return {
    namespace: text(namespace),
    flow: text(flow),
    run: text(run),
    step: text(step),
    messageId,
    ...(parentId !== 0 && { parentId }),
    attempt,
    kind: eventKinds[kind] ?? 'settled',
    emitted,
    ...(children !== undefined && { children }),
    at: closedAt - beforeMs,
    durationMs,
    ...(code !== noText && { code: text(code) }),
    ...(error !== 0 && { error }),
  }
}
