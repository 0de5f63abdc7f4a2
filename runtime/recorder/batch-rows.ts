import type { Run, StepEvent } from '../store/store.ts'
import { eventKinds } from './event-kinds.ts'

/** The second line of a batch: rows that name texts, ids and shapes by their numbers. */
export interface BatchRows {
  /** Milliseconds since 1970 that events' times count from. */
  readonly since: number
  /** How many stand behind this line, `idBytes` each; where one is not of that form, all of them are here. */
  readonly ids: number | readonly string[]
  readonly texts: readonly string[]
  readonly shapes: readonly ShapeRow[]
  readonly runs: readonly RunRow[]
  readonly events: readonly EventRow[]
}

/** What many events have in common. */
export type ShapeRow = readonly [
  namespace: number,
  flow: number,
  step: number,
  attempt: number,
  kind: number,
  emitted: number,
]
export type RunRow = readonly [
  namespace: number,
  flow: number,
  id: number,
  trigger: number,
  revision: number,
  startedAt: number,
]
export type EventRow = readonly [
  shape: number,
  run: number,
  messageId: number,
  sinceMs: number,
  durationMs: number,
  parentId?: number,
  code?: number,
  error?: string | 0,
  children?: number,
]

/** In place of the number of a text or an id. */
export const none = -1
/** An id of 32 hexadecimal characters. */
export const idBytes = 16

/** @throws when numbers and tables do not fit */
export function observationsOf(
  { since, ids, texts, shapes, runs, events }: BatchRows,
  behind: Buffer,
): { readonly runs: readonly Run[]; readonly events: readonly StepEvent[] } {
  const text = entryOf(texts)
  const shape = entryOf(shapes)
  const id = entryOf(typeof ids === 'number' ? unpackedIds(behind, ids) : ids)
  return {
    runs: runs.map((row) => runOf(row, text, id)),
    events: events.map((row) => ({
      ...shapeOf(shape(row[0]), text),
      run: id(row[1]),
      messageId: id(row[2]),
      at: since + row[3],
      durationMs: row[4],
      ...restOf(row, text, id),
    })),
  }
}

type TextOf = (number: number) => string

function entryOf<T>(entries: readonly T[]): (number: number) => T {
  return (number) => {
    const entry = entries[number]
    if (entry === undefined) throw new Error(`there is no entry ${number} among ${entries.length}`)
    return entry
  }
}

function unpackedIds(bytes: Buffer, count: number): readonly string[] {
  if (bytes.length !== count * idBytes) throw new Error(`${bytes.length} bytes of ${count} ids`)
  return Array.from({ length: count }, (_, at) => bytes.toString('hex', at * idBytes, (at + 1) * idBytes))
}

function runOf([namespace, flow, run, trigger, revision, startedAt]: RunRow, text: TextOf, id: TextOf): Run {
  return { namespace: text(namespace), flow: text(flow), id: id(run), trigger: text(trigger), revision, startedAt }
}

type Shape = Pick<StepEvent, 'namespace' | 'flow' | 'step' | 'attempt' | 'kind' | 'emitted'>

function shapeOf([namespace, flow, step, attempt, kind, emitted]: ShapeRow, text: TextOf): Shape {
  const place = { namespace: text(namespace), flow: text(flow), step: text(step) }
  return { ...place, attempt, kind: eventKinds[kind] ?? 'settled', emitted }
}

type Rest = Pick<StepEvent, 'parentId' | 'code' | 'error' | 'children'>

function restOf(row: EventRow, text: TextOf, id: TextOf): Rest {
  const [parentId = none, code = none, error = 0, children] = row.slice(5) as [
    EventRow[5]?,
    EventRow[6]?,
    EventRow[7]?,
    EventRow[8]?,
  ] // what may be missing
  return {
    ...(parentId !== none && { parentId: id(parentId) }),
    ...(code !== none && { code: text(code) }),
    ...(error !== 0 && { error }),
    ...(children !== undefined && { children }),
  }
}
