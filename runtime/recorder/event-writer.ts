import { PermanentError } from '../error.ts'
import type { RunStore } from '../store/store.ts'
import type { Observations, SequencedBatch } from './observation-batch.ts'
import { readObservations } from './observation-batch.ts'

/**
 * One piece of observations into the store, by whatever way that has.
 *
 * @throws {PermanentError} `MalformedBatch` when it cannot be read
 */
export async function writeBatch(runs: RunStore, batch: SequencedBatch): Promise<void> {
  if (batch.count === 0) return
  if (runs.addBatch !== undefined) return runs.addBatch(batch)
  const observations = opened(batch)
  if (observations.runs.length > 0) await runs.addRuns(observations.runs)
  if (observations.events.length > 0) await runs.addEvents(observations.events)
}

function opened(batch: SequencedBatch): Observations {
  try {
    return readObservations(batch)
  } catch (cause) {
    throw new PermanentError('MalformedBatch', 'the observations cannot be read', { cause })
  }
}
