import { rungName } from '../runtime/broker/amqp/decide/plan-topology.ts'
import type { Broker } from '../runtime/broker/broker.ts'
import type { WorkList } from '../runtime/plan-source.ts'
import { rungs } from '../runtime/wire/delay-rungs.ts'

/**
 * How many messages wait at a server: in the queues of these flows, and parked there, for whichever flow. What another process
 * works on is not among them. Undefined when the broker does not say.
 */
export async function leftAtServers(
  broker: Pick<Broker, 'depth' | 'health'>,
  { living }: Pick<WorkList, 'living'>,
): Promise<number | undefined> {
  // Without a connection the first question would wait for one.
  if (broker.health().kind === 'connecting') return undefined
  const queues = [...living().map(({ stage }) => stage.queue), ...rungs.map(rungName)]
  try {
    const depths = await Promise.all(queues.map((queue) => broker.depth(queue)))
    return depths.reduce((sum, depth) => sum + (depth?.ready ?? 0), 0)
  } catch {
    return undefined
  }
}
