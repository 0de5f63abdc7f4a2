import type { StageQueue } from '../../flow/plan/flow-state.ts'
import type { Plan, PlanStage } from '../../flow/plan/plan.ts'
import { parseQueueName, queueName } from '../../flow/plan/queue-name.ts'

/**
 * The plan under this number: a stage whose queue lives keeps it, any other gets one that this number introduces.
 * What the plan means, and so its hash, stays.
 */
export function numberPlan(plan: Plan, revision: number, living: readonly Pick<StageQueue, 'queue'>[]): Plan {
  const known = newestByTraits(living)
  const renamed = new Map(plan.stages.map((stage) => [stage.queue, nameOf(stage, revision, known)]))
  const rename = (queue: string): string => renamed.get(queue) ?? queue
  return {
    ...plan,
    revision,
    triggers: plan.triggers.map((trigger) => ({ ...trigger, queue: rename(trigger.queue) })),
    stages: plan.stages.map((stage) => ({ ...stage, queue: rename(stage.queue) })),
  }
}

/** What a plan's stages are declared with. */
export function stageQueuesOf({ stages }: Pick<Plan, 'stages'>): StageQueue[] {
  return stages.map(({ queue, name, pool, singleActiveConsumer }) => ({
    queue,
    step: name,
    pool,
    singleActiveConsumer,
  }))
}

interface KnownQueue {
  readonly queue: string
  readonly revision: number
}

function newestByTraits(living: readonly Pick<StageQueue, 'queue'>[]): ReadonlyMap<string, KnownQueue> {
  const known = new Map<string, KnownQueue>()
  for (const { queue } of living) {
    const identity = parseQueueName(queue)
    if (identity === undefined) continue
    const key = `${identity.step}.${identity.hash}`
    if ((known.get(key)?.revision ?? 0) < identity.revision) known.set(key, { queue, revision: identity.revision })
  }
  return known
}

function nameOf({ queue }: PlanStage, revision: number, known: ReadonlyMap<string, KnownQueue>): string {
  const identity = parseQueueName(queue)
  if (identity === undefined) throw new RangeError(`"${queue}" is no name of a stage's queue`)
  return known.get(`${identity.step}.${identity.hash}`)?.queue ?? queueName({ ...identity, revision })
}
