import type { Channel } from 'amqplib'
import type { Topology } from './decide/plan-topology.ts'
import { retryExchange, stepsExchange } from './decide/plan-topology.ts'

/** Declares what is missing; what is there stays. Binds nothing. */
export async function declareTopology(channel: Channel, { exchanges, queues }: Topology): Promise<void> {
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
}

/** Once everything is declared. */
export async function bindTopology(channel: Channel, { bindings }: Topology): Promise<void> {
  for (const { queue, exchange, routingKey } of bindings) await channel.bindQueue(queue, exchange, routingKey)
}

/** One that is not bound, or not there, is no error to the server. */
export async function unbindQueue(channel: Channel, queue: string): Promise<void> {
  for (const exchange of [stepsExchange, retryExchange]) await channel.unbindQueue(queue, exchange, queue)
}
