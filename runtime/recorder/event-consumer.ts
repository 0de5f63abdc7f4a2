import type { Logger } from 'pino'
import type { Broker, Delivery } from '../broker/broker.ts'
import { eventsDeclaration } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { sleep } from '../clock.ts'
import { PermanentError } from '../error.ts'
import type { Store } from '../store/store.ts'
import { payloadOf } from '../wire/body.ts'
import { openLastingSubscription } from './lasting-subscription.ts'
import type { SequencedBatch } from './observation-batch.ts'
import { readBatch } from './observation-batch.ts'
import type { SequenceMarks } from './sequence-marks.ts'
import { openSequenceMarks } from './sequence-marks.ts'

/** Writes what runners have observed. */
export interface EventConsumer {
  /** How many observations are missing, as far as this recorder knows; the store has the sum. */
  readonly missed: () => number
  /** Finishes what it is writing; the rest stays in the queue. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface EventConsumerParts {
  readonly broker: Broker
  readonly store: Pick<Store, 'runs' | 'snapshots'>
  readonly clock: Clock
  readonly log: Logger
  /** Told after a batch is written; again when it is delivered again. Must not throw. */
  readonly onBatch?: (batch: Pick<SequencedBatch, 'at' | 'count'>) => void
}

/** Batches, each of a few hundred observations and at most 256 KB. */
const prefetch = 40
/** Most of what a write costs it costs once, however many batches it writes: what comes this soon after one waits for the next. */
const restMs = 1000
/** So many wait no longer. */
const enough = prefetch / 2
const firstRetryMs = 100
const longestRetryMs = 5000
/** With the store down for so long the oldest go, and are counted: the queue is not to hold its deliveries for ever. */
const patienceMs = 5 * 60_000

/** What was delivered; undefined is none. */
type Batches = readonly (SequencedBatch | undefined)[]

interface Work extends EventConsumerParts {
  readonly signal: AbortSignal
  readonly marks: () => Promise<SequenceMarks>
  readonly missed: MissedCount
}

export async function openEventConsumer(parts: EventConsumerParts): Promise<EventConsumer> {
  const { store } = parts
  const ending = new AbortController()
  const missed = missedCount(store)
  const work: Work = { ...parts, signal: ending.signal, marks: marksOnDemand(store), missed }
  const waiting: Delivery[] = []
  const rest = openRest(parts.clock)
  let working: Promise<void> | undefined
  const workOn = async (): Promise<void> => {
    while (waiting.length > 0 && !ending.signal.aborted) {
      await keep(work, waiting.splice(0))
      if (waiting.length < enough && !ending.signal.aborted) await rest.take()
    }
  }
  const subscription = await openLastingSubscription(parts, { queue: eventsDeclaration, prefetch }, (delivery) => {
    waiting.push(delivery)
    if (waiting.length >= enough) rest.end()
    working ??= workOn().finally(() => (working = undefined))
  })
  return {
    missed: missed.total,
    close: async () => {
      ending.abort()
      rest.end()
      await working
      await subscription.close()
    },
  }
}

interface Rest {
  readonly take: () => Promise<void>
  /** Does nothing while none is taken. */
  readonly end: () => void
}

function openRest(clock: Clock): Rest {
  let end = (): void => {}
  return {
    take: () =>
      new Promise((resolve) => {
        const cancel = clock.setTimer(restMs, resolve)
        end = () => {
          cancel()
          resolve()
        }
      }),
    end: () => end(),
  }
}

/** Opened with the first batch: a recorder that gets none asks nothing of the store. */
function marksOnDemand({ snapshots }: Pick<Store, 'snapshots'>): () => Promise<SequenceMarks> {
  let marks: SequenceMarks | undefined
  return async () => (marks ??= await openSequenceMarks(snapshots))
}

interface MissedCount {
  readonly add: (count: number) => void
  readonly total: () => number
  /** Adds what was counted since the last time to the store's sum. */
  readonly tell: () => Promise<void>
}

function missedCount({ runs }: Pick<Store, 'runs'>): MissedCount {
  let total = 0
  let told = 0
  return {
    add: (count) => {
      total += count
    },
    total: () => total,
    tell: async () => {
      const untold = total - told
      if (untold === 0) return
      await runs.addDropped(untold)
      told += untold
    },
  }
}

/** Writes what was delivered, then acknowledges it: a batch may be written twice, and none is lost but those that are counted. Never rejects. */
async function keep(work: Work, deliveries: readonly Delivery[]): Promise<void> {
  const { clock, log, signal } = work
  const untilMs = clock.now() + patienceMs
  const left = deliveries.map(batchOf)
  for (let failures = 0; ; failures += 1) {
    try {
      await writeAll(work, left)
      if (failures > 0) log.info('observations are written again')
      break
    } catch (err) {
      if (signal.aborted) return
      if (failures === 0) log.warn({ err }, 'observations not written, they will be tried again')
      if (clock.now() >= untilMs) {
        giveUp(work, left)
        break
      }
    }
    await sleep(clock, Math.min(firstRetryMs * 2 ** failures, longestRetryMs), signal).catch(() => undefined) // looked at where the next attempt fails
    if (signal.aborted) return
  }
  for (const delivery of deliveries) delivery.ack()
}

function batchOf({ message: { body } }: Delivery): SequencedBatch | undefined {
  try {
    return readBatch(payloadOf(body))
  } catch {
    return undefined
  }
}

/** All at once, and one by one where one of them is refused for good. What is written leaves the list, so that the next attempt goes on behind it. */
async function writeAll(work: Work, left: (SequencedBatch | undefined)[]): Promise<void> {
  const marks = await work.marks()
  for (let count = left.length; left.length > 0;) {
    const refusal = await refusalOf(work, left.slice(0, count))
    if (refusal !== undefined && count > 1) {
      count = 1
      continue
    }
    for (const batch of left.splice(0, count)) account(work, { marks, batch, refusal })
  }
  await marks.save()
  await work.missed.tell()
}

interface Outcome {
  readonly marks: SequenceMarks
  readonly batch: SequencedBatch | undefined
  readonly refusal: PermanentError | undefined
}

function account({ log, missed, onBatch }: Work, { marks, batch, refusal: err }: Outcome): void {
  // Not of this form: nobody knows how many it held.
  if (batch === undefined) return missed.add(1)
  missed.add(marks.pass(batch))
  if (err === undefined) return onBatch?.(batch)
  log.error({ err, dropped: batch.count }, 'observations refused for good')
  missed.add(batch.count)
}

async function refusalOf({ store }: Work, batches: Batches): Promise<PermanentError | undefined> {
  const known = batches.flatMap((batch) => (batch === undefined || batch.count === 0 ? [] : [batch]))
  try {
    if (known.length > 0) await store.runs.addBatches(known)
    return undefined
  } catch (err) {
    if (err instanceof PermanentError) return err
    throw err
  }
}
function giveUp(work: Work, left: Batches): void {
  const dropped = left.reduce((sum, batch) => sum + (batch?.count ?? 1), 0)
  work.log.error({ dropped }, 'observations dropped: the store was down for too long')
  // The gap in the sequence tells of them, once the store is back.
}
