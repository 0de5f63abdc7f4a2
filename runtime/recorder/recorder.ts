import type { Logger } from 'pino'
import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { DeadLetter, Store } from '../store/store.ts'
import { openDeadLetterConsumer } from './dead-letter-consumer.ts'
import type { EventBatcher } from './event-batcher.ts'
import { openEventBatcher } from './event-batcher.ts'
import { openEventConsumer } from './event-consumer.ts'
import type { SequencedBatch } from './observation-batch.ts'
import { passingMarks } from './sequence-marks.ts'

/** Keeps what became of messages: the dead ones for good, the rest as observations, those of this process included. */
export interface Recorder extends Pick<EventBatcher, 'observe' | 'flush'> {
  /** How many observations are missing, as far as this recorder knows; the store has the sum. */
  readonly dropped: () => number
  /** Finishes what it is writing; what the store does not take stays in its queue. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface RecorderParts {
  readonly broker: Broker
  readonly store: Pick<Store, 'deadLetters' | 'runs' | 'blobs' | 'snapshots'>
  readonly clock: Clock
  readonly log: Logger
  /** The namespace of a flow uid. */
  readonly namespaceOf: (flow: string) => string | Promise<string>
  /** Told after a dead letter is stored; again when it is delivered again. Must not throw. */
  readonly onDeadLetter?: (letter: DeadLetter) => void
  /** Told after a batch of another process's observations is written. Must not throw. */
  readonly onBatch?: (batch: Pick<SequencedBatch, 'at' | 'count'>) => void
}

export async function openRecorder(parts: RecorderParts): Promise<Recorder> {
  const { store, clock, log } = parts
  const opened = new AsyncDisposableStack()
  try {
    const batcher = openEventBatcher({ clock, log, send: localSend(store) })
    opened.defer(batcher.close)
    const events = await openEventConsumer(parts)
    opened.defer(events.close)
    const letters = await openDeadLetterConsumer(parts)
    opened.defer(letters.close)
    return {
      observe: batcher.observe,
      flush: batcher.flush,
      dropped: () => batcher.dropped() + events.missed(),
      close: () => opened.disposeAsync(),
    }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

/** From this process to the store without a queue between them. */
function localSend({ runs }: Pick<Store, 'runs'>): (batch: SequencedBatch) => Promise<void> {
  const marks = passingMarks()
  let untold = 0
  return async (batch) => {
    if (batch.count > 0) await runs.addBatches([batch])
    untold += marks.pass(batch)
    if (untold === 0) return
    const now = untold
    await runs.addDropped(now)
    untold -= now
  }
}
