import type { Broker } from '../broker/broker.ts'
import { deadQueue } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { TransientError } from '../error.ts'
import { answerFailure } from '../runner/answer.ts'
import { withFailure } from '../runner/outputs.ts'
import { carriedOf, encodeBody } from '../wire/body.ts'
import type { TrackedRunStore } from '../store/store.ts'
import type { WireMessage } from '../wire/message.ts'

const nothing = Buffer.alloc(0)

export interface BuryParts {
  readonly broker: Pick<Broker, 'publish'>
  readonly clock: Clock
  /** A dead letter ends its message. */
  readonly trackedRuns: Pick<TrackedRunStore, 'remove'>
}

/**
 * A message whose body is gone, as a dead letter with what is left of it: replayable with a body that somebody has elsewhere.
 *
 * @throws {TransientError} it is not safe yet: bury it again
 */
export async function buryBodiless(parts: BuryParts, message: WireMessage, blob: string): Promise<void> {
  const { broker, clock, trackedRuns } = parts
  const { at: step, attempt, tracked, flow, run } = message.headers
  const text = `the body is not in the store any more: it was kept there as ${blob}`
  const failure = { step, attempt, code: 'BodyMissing', message: text, at: new Date(clock.now()).toISOString() }
  const letter = { ...message, body: encodeBody(withFailure(carriedOf(message.body), failure), nothing) }
  const outcome = await broker.publish({ kind: 'queue', queue: deadQueue }, letter)
  if (outcome === 'unroutable') throw new TransientError('QueueNotFound', `nobody owns the queue "${deadQueue}"`)
  if (tracked === true) await trackedRuns.remove(flow, run, message.id)
  await answerFailure(parts, message.headers, failure)
}
