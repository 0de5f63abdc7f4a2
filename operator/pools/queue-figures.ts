import type { ManagementClient } from '../../runtime/broker/management/management-client.ts'
import type { BrokerFigures } from './decide/decide-scale.ts'

interface ManagedQueue {
  readonly name?: unknown
  readonly messages_unacknowledged?: unknown
  readonly message_stats?: { readonly ack?: unknown }
}

/**
 * What RabbitMQ's management knows of the queues of a vhost, in one answer; some seconds old. Undefined when there is no such vhost.
 *
 * @throws {PermanentError | TransientError} when it does not answer
 */
export async function readQueueFigures(
  management: Pick<ManagementClient, 'get'>,
  vhost: string,
): Promise<ReadonlyMap<string, BrokerFigures> | undefined> {
  const answer = await management.get(['queues', vhost])
  if (!Array.isArray(answer)) return undefined
  const queues = answer as readonly ManagedQueue[] // each field is looked at
  return new Map(queues.flatMap((queue) => (typeof queue.name === 'string' ? [[queue.name, figuresOf(queue)]] : [])))
}

function figuresOf({ messages_unacknowledged: unsettled, message_stats: stats }: ManagedQueue): BrokerFigures {
  return { settled: countOf(stats?.ack), unsettled: countOf(unsettled) }
}

/** A queue that nothing has passed yet has no figures. */
function countOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
