import type { Plan } from '../flow/plan/plan.ts'
import { parseQueueName } from '../flow/plan/queue-name.ts'
import { unroutedQueue } from '../runtime/broker/broker.ts'
import type { Broker, Delivery } from '../runtime/broker/broker.ts'
import type { EmbeddedBroker } from '../runtime/broker/embedded-broker.ts'
import type { LivingWork } from '../runtime/plan-source.ts'
import type { PlanStore } from '../runtime/store/store.ts'

/**
 * Queues that an edit has taken from a flow while messages were under way: these run under the revision that they name, and
 * may go on to any queue of it. Once nothing of the flow is under way, such queues are deleted.
 */
export async function olderWork(broker: EmbeddedBroker, plan: Plan, store: PlanStore): Promise<readonly LivingWork[]> {
  const own = new Set(plan.stages.map(({ queue }) => queue))
  const all = broker.queueNames().filter((queue) => parseQueueName(queue)?.flowUid === plan.flow.uid)
  const older = all.filter((queue) => !own.has(queue))
  if (older.length === 0) return []
  const depths = await Promise.all([unroutedQueue, ...all].map((queue) => unfinishedIn(broker, queue)))
  if (depths.every((depth) => depth === 0)) {
    for (const queue of older) await broker.deleteQueue(queue)
    return []
  }
  const work = await workOn(older, plan, store)
  const worked = new Set(work.map(({ stage }) => stage.queue))
  for (const queue of older) if (!worked.has(queue)) await abandon(broker, queue)
  return work
}

async function unfinishedIn(broker: Broker, queue: string): Promise<number> {
  const depth = await broker.depth(queue)
  return (depth?.ready ?? 0) + (depth?.parked ?? 0)
}

/** Each with the newest plan that has it. */
async function workOn(
  older: readonly string[],
  { flow, revision }: Plan,
  store: PlanStore,
): Promise<readonly LivingWork[]> {
  const queues = new Set(older)
  const work: LivingWork[] = []
  const revisions = await store.revisions(flow.uid)
  for (const number of revisions.filter((one) => one < revision).toReversed()) {
    const plan = await store.get(flow.uid, number)
    for (const stage of plan?.stages ?? []) {
      if (plan !== undefined && queues.delete(stage.queue)) work.push({ stage, plan })
    }
  }
  return work
}

/** No plan is left that has it: what it holds goes the way of all that has lost its target. */
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
