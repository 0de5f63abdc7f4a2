import { PermanentError } from '../error.ts'
import type { ObservationBatch, Run, StepEvent } from '../store/store.ts'
import type { BatchRows } from './batch-rows.ts'
import { observationsOf } from './batch-rows.ts'
import type { FirstRows } from './first-rows.ts'
import { firstObservationsOf } from './first-rows.ts'

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

/** The first line of the bytes, beside its version: all that a recorder needs to know of a batch. */
export type BatchHeader = Omit<SequencedBatch, 'bytes'>

/** The second packs ids, and says once what events have in common. */
const versions: readonly unknown[] = [1, 2]

const lineBreak = 10

/** What is known of a batch without opening it; undefined when the bytes are none, or of a version yet to come. */
export function readBatch(bytes: Buffer): SequencedBatch | undefined {
  try {
    const { v, ...header } = JSON.parse(bytes.toString('utf8', 0, bytes.indexOf(lineBreak))) as BatchHeader & {
      readonly v: unknown
    }
    return versions.includes(v) && isPlaced(header) ? { ...header, bytes } : undefined
  } catch {
    return undefined
  }
}

/** @throws {PermanentError} `MalformedBatch` when the bytes are damaged behind their first line */
export function readObservations({ bytes, at }: Pick<ObservationBatch, 'bytes' | 'at'>): Observations {
  try {
    return observationsIn(bytes.subarray(bytes.indexOf(lineBreak) + 1), at)
  } catch (cause) {
    throw new PermanentError('MalformedBatch', 'the observations cannot be read', { cause })
  }
}

function observationsIn(bytes: Buffer, closedAt: number): Observations {
  const end = bytes.indexOf(lineBreak)
  const rows = JSON.parse(bytes.toString('utf8', 0, end < 0 ? bytes.length : end)) as BatchRows | FirstRows
  return 'shapes' in rows ? observationsOf(rows, bytes.subarray(end + 1)) : firstObservationsOf(rows, closedAt)
}

/** 32 bits of a run's id, for an index over many batches. Runs are told apart when a batch is opened. */
export function runKey(id: string): number {
  let key = 0x811c9dc5
  for (let at = 0; at < id.length; at += 1) key = Math.imul(key ^ id.charCodeAt(at), 0x01000193)
  return key | 0
}

function isPlaced({ id, publisher, from, count, at, runKeys, flows }: BatchHeader): boolean {
  const isNamed = typeof id === 'string' && typeof publisher === 'string'
  return isNamed && [from, count, at].every(Number.isFinite) && Array.isArray(runKeys) && Array.isArray(flows)
}
