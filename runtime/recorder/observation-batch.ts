import { PermanentError } from '../error.ts'
import { eventKinds } from './event-kinds.ts'
import type { ObservationBatch, Run, StepEvent } from '../store/store.ts'

/** Something seen on the way of a message. Lossy on purpose: nothing gates on it. */
export type Observation =
  { readonly kind: 'event'; readonly event: StepEvent } | { readonly kind: 'run'; readonly run: Run }

export interface Observations {
  readonly runs: readonly Run[]
  readonly events: readonly StepEvent[]
}

/** A batch, and its place in the sequence of whoever made it: what is missing between two of them was dropped on the way. */
export interface SequencedBatch extends ObservationBatch {
  /** Who made it: one process. */
  readonly publisher: string
  /** How many observations that one had seen before, dropped ones included. */
  readonly from: number
  readonly count: number
}

/** The first line of the bytes: all that a recorder needs to know of a batch. */
type Header = Omit<SequencedBatch, 'bytes'> & { readonly v: 1 }

/** The second line: rows that name their texts by number, each as short as it can be. */
interface Rows {
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

const lineBreak = 10
const noText = -1

/** One batch as bytes: a few dozen for each event, written once and opened only by whoever wants to see it. */
export function encodeObservations(
  observations: readonly Observation[],
  place: Pick<SequencedBatch, 'id' | 'at' | 'publisher' | 'from'>,
): SequencedBatch {
  const texts = textTable()
  const runs = observations.flatMap((one) => (one.kind === 'run' ? [one.run] : []))
  const rows: Rows = {
    texts: texts.all,
    runs: runs.map((run) => runRow(run, texts.numberOf)),
    events: observations.flatMap((one) =>
      one.kind === 'event' ? [eventRow(one.event, place.at, texts.numberOf)] : [],
    ),
  }
  const ids = new Set(observations.map((one) => (one.kind === 'run' ? one.run.id : one.event.run)))
  const header: Omit<Header, 'v'> = {
    id: place.id,
    at: place.at,
    publisher: place.publisher,
    from: place.from,
    count: observations.length,
    runKeys: [...new Set([...ids].map(runKey))],
    flows: [...new Set(runs.map(({ flow }) => flow))],
    ...(runs.length > 0 && { lastStartedAt: runs.reduce((last, { startedAt }) => Math.max(last, startedAt), 0) }),
  }
  return { ...header, bytes: Buffer.from(`${JSON.stringify({ v: 1, ...header })}\n${JSON.stringify(rows)}`) }
}

/** What is known of a batch without opening it; undefined when the bytes are none, or of a version yet to come. */
export function readBatch(bytes: Buffer): SequencedBatch | undefined {
  try {
    const { v, ...header } = JSON.parse(bytes.toString('utf8', 0, bytes.indexOf(lineBreak))) as Header
    return v === 1 && isPlaced(header) ? { ...header, bytes } : undefined
  } catch {
    return undefined
  }
}

/** @throws {PermanentError} `MalformedBatch` when the bytes are damaged behind their first line */
export function readObservations({ bytes, at }: Pick<ObservationBatch, 'bytes' | 'at'>): Observations {
  try {
    return observationsOf(JSON.parse(bytes.toString('utf8', bytes.indexOf(lineBreak) + 1)) as Rows, at)
  } catch (cause) {
    throw new PermanentError('MalformedBatch', 'the observations cannot be read', { cause })
  }
}

function observationsOf(rows: Rows, at: number): Observations {
  const text = (number: number): string => rows.texts[number] ?? ''
  return {
    runs: rows.runs.map((row) => runOf(row, text)),
    events: rows.events.map((row) => eventOf(row, at, text)),
  }
}

/** 32 bits of a run's id, for an index over many batches. Runs are told apart when a batch is opened. */
export function runKey(id: string): number {
  let key = 0x811c9dc5
  for (let at = 0; at < id.length; at += 1) key = Math.imul(key ^ id.charCodeAt(at), 0x01000193)
  return key | 0
}

function isPlaced({ id, publisher, from, count, at, runKeys, flows }: Omit<Header, 'v'>): boolean {
  const isNamed = typeof id === 'string' && typeof publisher === 'string'
  return isNamed && [from, count, at].every(Number.isFinite) && Array.isArray(runKeys) && Array.isArray(flows)
}

function textTable(): { readonly all: string[]; readonly numberOf: (text: string) => number } {
  const all: string[] = []
  const numbers = new Map<string, number>()
  const numberOf = (text: string): number => {
    const known = numbers.get(text)
    if (known !== undefined) return known
    numbers.set(text, all.length)
    return all.push(text) - 1
  }
  return { all, numberOf }
}

function runRow({ namespace, flow, id, trigger, revision, startedAt }: Run, number: (text: string) => number): RunRow {
  return [number(namespace), number(flow), number(id), number(trigger), revision, startedAt]
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

function eventRow(event: StepEvent, closedAt: number, number: (text: string) => number): EventRow {
  const { messageId, attempt, emitted, at, durationMs } = event
  const head = [
    number(event.namespace),
    number(event.flow),
    number(event.run),
    number(event.step),
    messageId,
    attempt,
    eventKinds.indexOf(event.kind),
    emitted,
    closedAt - at,
    durationMs,
  ] as const
  const { parentId, code, error, children } = event
  if (children === undefined && code === undefined && error === undefined) {
    return parentId === undefined ? head : [...head, parentId]
  }
  const reason = [parentId ?? 0, code === undefined ? noText : number(code), error ?? 0] as const
  return children === undefined ? [...head, ...reason] : [...head, ...reason, children]
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
