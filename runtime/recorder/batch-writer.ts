import type { Run, StepEvent } from '../store/store.ts'
import type { ShapeRow } from './batch-rows.ts'
import { idBytes, none } from './batch-rows.ts'
import { eventKinds } from './event-kinds.ts'
import type { JsonBytes } from './json-bytes.ts'
import { jsonBytes, putByte, putNumber, putText } from './json-bytes.ts'
import type { BatchHeader, Observation, SequencedBatch } from './observation-batch.ts'
import type { RunTable } from './run-table.ts'
import { openRunTable } from './run-table.ts'

/** What whoever closes a batch knows of it. */
export type BatchPlace = Pick<SequencedBatch, 'id' | 'at' | 'publisher' | 'from'>

/**
 * Writes batches, one after the other, an observation at a time: what is left of one until its batch is closed is a few dozen bytes
 * and its ids.
 */
export interface BatchWriter {
  readonly add: (observation: Observation) => void
  /** Of the batch that is written. */
  readonly count: () => number
  /** So far, nearly. */
  readonly bytes: () => number
  /** Gives what was added since the last time. */
  readonly close: (place: BatchPlace) => SequencedBatch
}

/** Grows to what a batch takes, and is used for the next one. */
const firstBytes = 16 * 1024

export function openBatchWriter(): BatchWriter {
  const rows = jsonBytes(firstBytes)
  const known = openRunTable()
  let batch = emptyBatch(known)
  return {
    add: (observation) => {
      batch.count += 1
      if (observation.kind === 'run') addRun(batch, observation.run)
      else putEvent(rows, batch, observation.event)
    },
    count: () => batch.count,
    bytes: () => rows.length + batch.otherBytes + batch.ids.length * idBytes,
    close: (place) => {
      const closed = closedBatch(batch, rows, place)
      known.clear()
      batch = emptyBatch(known)
      rows.length = 0
      return closed
    },
  }
}

/** All of them as one batch. */
export function encodeObservations(observations: readonly Observation[], place: BatchPlace): SequencedBatch {
  const writer = openBatchWriter()
  for (const observation of observations) writer.add(observation)
  return writer.close(place)
}

/** The batch that is written, beside the rows of its events. */
interface OpenBatch {
  count: number
  /** Its first event's time. */
  since: number
  readonly runs: Run[]
  readonly shapes: ShapeRow[]
  readonly texts: Map<string, number>
  readonly ids: string[]
  readonly known: RunTable
  readonly addId: (id: string) => number
  /** What texts and runs take, roughly. */
  otherBytes: number
}

const rowOfRunBytes = 40

function emptyBatch(known: RunTable): OpenBatch {
  const ids: string[] = []
  const addId = (id: string): number => ids.push(id) - 1
  return { count: 0, since: 0, runs: [], shapes: [], texts: new Map(), ids, addId, known, otherBytes: 0 }
}

function addRun(batch: OpenBatch, run: Run): void {
  batch.runs.push(run)
  batch.known.numberOf(run.id, batch.addId)
  batch.otherBytes += rowOfRunBytes
}

function putEvent(to: JsonBytes, batch: OpenBatch, event: StepEvent): void {
  if (to.length === 0) batch.since = event.at
  putByte(to, to.length === 0 ? space : comma)
  putByte(to, bracket)
  putNumber(to, shapeNumber(batch, event))
  more(to, batch.known.numberOf(event.run, batch.addId))
  more(to, batch.addId(event.messageId))
  more(to, event.at - batch.since)
  more(to, event.durationMs)
  putRest(to, batch, event)
  putByte(to, bracketEnd)
}

/** What few events have, or none but for the parent. */
function putRest(to: JsonBytes, batch: OpenBatch, { parentId, code, error, children }: StepEvent): void {
  const hasReason = children !== undefined || code !== undefined || error !== undefined
  if (parentId !== undefined) more(to, batch.addId(parentId))
  else if (hasReason) more(to, none)
  if (!hasReason) return
  more(to, code === undefined ? none : textNumber(batch, code))
  putByte(to, comma)
  putText(to, error === undefined ? '0' : JSON.stringify(error))
  if (children !== undefined) more(to, children)
}

const space = 0x20
const comma = 0x2c
const bracket = 0x5b
const bracketEnd = 0x5d

function more(to: JsonBytes, number: number): void {
  putByte(to, comma)
  putNumber(to, number)
}

/** What the events of a step mostly have in common. */
function shapeNumber(batch: OpenBatch, event: StepEvent): number {
  const namespace = textNumber(batch, event.namespace)
  const flow = textNumber(batch, event.flow)
  const step = textNumber(batch, event.step)
  const { attempt, emitted } = event
  const kind = eventKinds.indexOf(event.kind)
  const { shapes } = batch
  // The latest are the likeliest; where there are many, one more costs less than looking for it.
  const last = Math.max(0, shapes.length - mostLookedAt)
  for (let at = shapes.length - 1; at >= last; at -= 1) {
    const shape = shapes[at] as ShapeRow
    const isPlace = shape[2] === step && shape[1] === flow && shape[0] === namespace
    if (isPlace && shape[3] === attempt && shape[4] === kind && shape[5] === emitted) return at
  }
  batch.otherBytes += rowOfRunBytes
  return shapes.push([namespace, flow, step, attempt, kind, emitted]) - 1
}

const mostLookedAt = 16

function textNumber(batch: OpenBatch, text: string): number {
  const { texts } = batch
  const known = texts.get(text)
  if (known !== undefined) return known
  batch.otherBytes += text.length
  texts.set(text, texts.size)
  return texts.size - 1
}

function closedBatch(batch: OpenBatch, rows: JsonBytes, { id, at, publisher, from }: BatchPlace): SequencedBatch {
  const { runs, count } = batch
  const header: BatchHeader = {
    id,
    at,
    publisher,
    from,
    count,
    runKeys: batch.known.keys(),
    flows: [...new Set(runs.map(({ flow }) => flow))],
    ...(runs.length > 0 && { lastStartedAt: runs.reduce((last, { startedAt }) => Math.max(last, startedAt), 0) }),
  }
  const runRows = runs.map(({ namespace, flow, id: run, trigger, revision, startedAt }) => {
    const places = [textNumber(batch, namespace), textNumber(batch, flow), batch.known.numberOf(run, batch.addId)]
    return [...places, textNumber(batch, trigger), revision, startedAt]
  })
  const packed = packedIds(batch.ids)
  const tables = {
    since: batch.since,
    ids: packed === undefined ? batch.ids : batch.ids.length,
    texts: [...batch.texts.keys()],
    shapes: batch.shapes,
    runs: runRows,
  }
  const head = `${JSON.stringify({ v: 2, ...header })}\n${JSON.stringify(tables).slice(0, -1)},"events":[`
  const events = rows.bytes.subarray(0, rows.length)
  return { ...header, bytes: Buffer.concat([Buffer.from(head), events, end, packed ?? nothing]) }
}

const end = Buffer.from(']}\n')
const nothing = Buffer.alloc(0)

/** Half as long as their text; undefined where one of them is not of that form. */
function packedIds(ids: readonly string[]): Buffer | undefined {
  if (!ids.every((id) => id.length === 2 * idBytes)) return undefined
  const text = ids.join('')
  const packed = Buffer.from(text, 'hex')
  return packed.toString('hex') === text ? packed : undefined
}
