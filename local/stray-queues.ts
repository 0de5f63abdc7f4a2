import { parseQueueName } from '../flow/plan/queue-name.ts'
import type { FlowState } from '../flow/plan/flow-state.ts'
import { unroutedQueue } from '../runtime/broker/broker.ts'
import type { Broker, Delivery } from '../runtime/broker/broker.ts'
import type { EmbeddedBroker } from '../runtime/broker/embedded-broker.ts'

/**
 * Queues of a flow that its state does not know, because that was lost: what they hold goes the way of all that has lost its
 * target, and they go. Only for queues that no other process can reach.
 */
export async function abandonStrays(broker: EmbeddedBroker, state: FlowState): Promise<void> {
  const { living, retiring, pending } = state
  const known = new Set([...living, ...retiring, ...(pending?.stages ?? [])].map(({ queue }) => queue))
  const strays = broker
    .queueNames()
    .filter((queue) => !known.has(queue) && parseQueueName(queue)?.flowUid === state.flow)
  for (const queue of strays) await abandon(broker, queue)
}

async function abandon(broker: Broker, queue: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const deleteEmpty = async (): Promise<void> => {
    if ((await unacknowledgedOrReady(broker, queue)) > 0) return
    await broker.deleteQueue(queue)
    resolve()
  }
  const onDelivery = ({ message, ack }: Delivery): void => {
    broker.publish({ kind: 'queue', queue: unroutedQueue }, message).then(ack).then(deleteEmpty).catch(reject)
  }
  await broker.unbindQueue(queue)
  await broker.consume(queue, { prefetch: 100 }, onDelivery)
  await deleteEmpty()
  await promise
}

async function unacknowledgedOrReady(broker: Broker, queue: string): Promise<number> {
  const depth = await broker.depth(queue)
  return (depth?.ready ?? 0) + (depth?.unacknowledged ?? 0)
}
