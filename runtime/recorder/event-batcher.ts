import type { Logger } from 'pino'
import type { CancelTimer, Clock } from '../clock.ts'
import { sleep } from '../clock.ts'
import { PermanentError } from '../error.ts'
import { freshId } from '../wire/message-id.ts'
import { openBatchWriter } from './batch-writer.ts'
import type { Observation, SequencedBatch } from './observation-batch.ts'

/** Gathers observations into batches, and hands these on one after the other. */
export interface EventBatcher {
  /** Cheap, and never fails: what finds no room is dropped and counted. */
  readonly observe: (observation: Observation) => void
  /** Resolves when what was observed until now is handed on, or was refused; then it is tried again later. */
  readonly flush: () => Promise<void>
  /** How many found no room. */
  readonly dropped: () => number
  /** Hands on what is left, as far as it is taken within a few seconds. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface EventBatcherParts {
  readonly clock: Clock
  readonly log: Logger
  /** Resolves when the batch is safe; after a rejection the same batch is tried again, unless that is permanent. */
  readonly send: (batch: SequencedBatch) => Promise<void>
  /** Told of each that was dropped; must not throw. */
  readonly onDropped?: (count: number) => void
}

const flushAfterMs = 200
const retryAfterMs = 1000
const closingMs = 5000
const bufferSize = 10_000

export function openEventBatcher({ clock, log, send, onDropped }: EventBatcherParts): EventBatcher {
  const batches = batchSequence(clock)
  let dropped = 0
  let isClosed = false
  let cancelTimer: CancelTimer | undefined

  const drop = (count: number): void => {
    dropped += count
    onDropped?.(count)
  }
  const arm = (afterMs: number): void => {
    cancelTimer ??= clock.setTimer(afterMs, () => {
      cancelTimer = undefined
      void sender.flush()
    })
  }
  const onRefused = (): void => {
    if (!isClosed) arm(retryAfterMs)
  }
  const sender = batchSender({ batches, send, log, drop, onRefused })
  return {
    observe: (observation) => {
      if (isClosed || batches.waiting() >= bufferSize) {
        batches.skip()
        return drop(1)
      }
      // While one is on its way, or the last was refused, the others wait for it.
      if (batches.add(shortened(observation)) === 1) void sender.flush()
      arm(sender.isRefused() ? retryAfterMs : flushAfterMs)
    },
    flush: sender.flush,
    dropped: () => dropped,
    close: async () => {
      if (isClosed) return sender.flush()
      isClosed = true
      cancelTimer?.()
      const patience = new AbortController()
      await Promise.race([sender.flush(), sleep(clock, closingMs, patience.signal).catch(() => undefined)])
      patience.abort()
      if (batches.waiting() > 0) drop(batches.waiting())
      if (dropped > 0) log.warn({ dropped }, 'observations dropped')
    },
  }
}

/** Observations in their order, numbered from 0, gathered into batches without a gap inside. */
interface BatchSequence {
  /** Gives the number of batches that are closed, if it closes one; else 0. */
  readonly add: (observation: Observation) => number
  /** One that found no room has a number, too. */
  readonly skip: () => void
  /** Closes what is gathered; nothing, too, where that tells of a gap. */
  readonly seal: () => void
  readonly first: () => SequencedBatch | undefined
  readonly removeFirst: () => void
  /** Observations that are not removed. */
  readonly waiting: () => number
}

const batchSize = 500
/** A batch stays below 256 KB: so much of it is closed, whatever its errors say. */
const batchBytes = 128 * 1024
const errorChars = 1000

function batchSequence(clock: Clock): BatchSequence {
  const publisher = freshId()
  const sealed: SequencedBatch[] = []
  const open = openBatchWriter()
  let waiting = 0
  let seen = 0
  /** Where the next batch begins if nothing is skipped. */
  let told = 0

  const seal = (): void => {
    const from = seen - open.count()
    if (open.count() === 0 && told === from) return
    sealed.push(open.close({ id: freshId(), at: clock.now(), publisher, from }))
    told = seen
  }
  return {
    add: (observation) => {
      open.add(observation)
      waiting += 1
      seen += 1
      if (open.count() < batchSize && open.bytes() < batchBytes) return 0
      seal()
      return sealed.length
    },
    skip: () => {
      if (open.count() > 0) seal()
      seen += 1
    },
    seal,
    first: () => sealed[0],
    removeFirst: () => {
      waiting -= sealed.shift()?.count ?? 0
    },
    waiting: () => waiting,
  }
}

interface SenderParts extends Pick<EventBatcherParts, 'send' | 'log'> {
  readonly batches: BatchSequence
  readonly drop: (count: number) => void
  readonly onRefused: () => void
}

interface BatchSender extends Pick<EventBatcher, 'flush'> {
  readonly isRefused: () => boolean
}

/** One after the other: a gap in the sequence is a loss, and a batch is forgotten only when it is safe. */
function batchSender({ batches, send, log, drop, onRefused }: SenderParts): BatchSender {
  let isRefused = false
  let lastFlush = Promise.resolve()
  const sendFirst = async (batch: SequencedBatch): Promise<void> => {
    try {
      await send(batch)
    } catch (err) {
      if (!(err instanceof PermanentError)) throw err
      log.error({ err, dropped: batch.count }, 'observations refused for good')
      drop(batch.count)
    }
    batches.removeFirst()
  }
  const sendAll = async (): Promise<void> => {
    batches.seal()
    try {
      for (let first = batches.first(); first; first = batches.first()) await sendFirst(first)
      if (isRefused) log.info('observations are handed on again')
      isRefused = false
    } catch (err) {
      // Once an outage: it is no news after that.
      if (!isRefused)
        log.warn({ err, waiting: batches.waiting() }, 'observations not handed on, they will be tried again')
      isRefused = true
      onRefused()
    }
  }
  return {
    isRefused: () => isRefused,
    flush: () => {
      lastFlush = lastFlush.then(sendAll)
      return lastFlush
    },
  }
}

/** A dead letter has the whole of it. */
function shortened(observation: Observation): Observation {
  if (observation.kind === 'run') return observation
  const { error } = observation.event
  if (error === undefined || error.length <= errorChars) return observation
  return { kind: 'event', event: { ...observation.event, error: `${error.slice(0, errorChars)}…` } }
}
