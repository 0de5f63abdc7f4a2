import type { Logger } from 'pino'
import type { Broker } from '../broker/broker.ts'
import { eventsDeclaration, eventsQueue } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { TransientError } from '../error.ts'
import { encodeBody } from '../wire/body.ts'
import type { WireMessage } from '../wire/message.ts'
import type { EventBatcher } from './event-batcher.ts'
import { openEventBatcher } from './event-batcher.ts'
import type { SequencedBatch } from './observation-batch.ts'

export interface EventPublisherParts {
  readonly broker: Pick<Broker, 'publish' | 'declareQueues'>
  readonly clock: Clock
  readonly log: Logger
  /** Told how many observations found no room in this process. */
  readonly onDropped?: (count: number) => void
}

/** Sends observations to whoever records them; with the broker or the recorder down, work goes on and drops are counted. */
export function openEventPublisher({ broker, clock, log, onDropped }: EventPublisherParts): EventBatcher {
  const send = async (batch: SequencedBatch): Promise<void> => {
    const message = messageOf(batch)
    if ((await broker.publish({ kind: 'queue', queue: eventsQueue }, message)) === 'confirmed') return
    await broker.declareQueues([eventsDeclaration]).catch((cause: unknown) => {
      // Whoever may declare it may do so soon: no reason to drop this.
      throw new TransientError('QueueNotFound', `nobody owns the queue "${eventsQueue}"`, { cause })
    })
    if ((await broker.publish({ kind: 'queue', queue: eventsQueue }, message)) === 'confirmed') return
    throw new TransientError('QueueNotFound', `nobody owns the queue "${eventsQueue}", though it was declared`)
  }
  return openEventBatcher({ clock, log, send, ...(onDropped && { onDropped }) })
}

/** No message of a flow: its headers say only what every adapter wants to see. */
function messageOf({ id, at, bytes }: SequencedBatch): WireMessage {
  return {
    id,
    headers: {
      flow: eventsQueue,
      revision: 0,
      revisionHash: '',
      run: id,
      runStartedAt: at,
      trigger: '',
      at: eventsQueue,
      attempt: 1,
      copy: id,
      hops: 0,
    },
    body: encodeBody({}, bytes),
  }
}
