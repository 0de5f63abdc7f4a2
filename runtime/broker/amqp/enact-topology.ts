import type { Channel } from 'amqplib'
import type { Topology } from './decide/plan-topology.ts'
import { retryExchange, stepsExchange } from './decide/plan-topology.ts'

/** Declares what is missing; what is there stays. */
export async function declareTopology(channel: Channel, { exchanges, queues, bindings }: Topology): Promise<void> {
  // One by one: a channel answers one call at a time.
  for (const { name, type, alternateExchange } of exchanges) {
    await channel.assertExchange(name, type, {
      durable: true,
      ...(alternateExchange !== undefined && { alternateExchange }),
    })
  }
  for (const { name, durable, exclusive, arguments: given } of queues) {
    await channel.assertQueue(name, { durable, exclusive, arguments: given })
  }
  for (const { queue, exchange, routingKey } of bindings) await channel.bindQueue(queue, exchange, routingKey)
}

/** Fails when something is missing; for a user who may not declare it. */
export async function checkTopology(channel: Channel, { exchanges, queues }: Topology): Promise<void> {
  for (const { name } of exchanges) await channel.checkExchange(name)
  for (const { name } of queues) await channel.checkQueue(name)
}

/** One that is not bound, or not there, is no error to the server. */
export async function unbindQueue(channel: Channel, queue: string): Promise<void> {
  for (const exchange of [stepsExchange, retryExchange]) await channel.unbindQueue(queue, exchange, queue)
}
