import type { FlowState, StageQueue } from '../../../flow/plan/flow-state.ts'

/** A queue that a pool is to consume. */
export interface PoolQueue {
  /** The flow's uid. */
  readonly flow: string
  readonly queue: string
  readonly step: string
  readonly singleActiveConsumer: boolean
  /** Its flow is frozen: what waits there has to wait. */
  readonly frozen: boolean
}

/** The queues that live, by pool: a pool without one is not needed. */
export function queuesByPool(state: FlowState): ReadonlyMap<string, readonly PoolQueue[]> {
  const pools = new Map<string, PoolQueue[]>()
  for (const stage of state.living) {
    const queues = pools.get(stage.pool) ?? []
    queues.push(poolQueue(state, stage))
    pools.set(stage.pool, queues)
  }
  return pools
}

function poolQueue({ flow, frozen }: FlowState, { queue, step, singleActiveConsumer }: StageQueue): PoolQueue {
  return { flow, queue, step, singleActiveConsumer, frozen }
}

/** Pools that the pending revision is the first of its flow to need. */
export function pendingPools({ pending, living }: FlowState): readonly string[] {
  if (pending === undefined || pending.blocked !== undefined) return []
  const isNew = living.filter(({ revision }) => revision === pending.revision).map(({ queue }) => queue)
  const added = new Set(isNew)
  const stages = pending.stages.filter(({ queue }) => added.has(queue))
  return [...new Set(stages.map(({ pool }) => pool))]
}
