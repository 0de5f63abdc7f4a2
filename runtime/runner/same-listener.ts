import { isDeepStrictEqual } from 'node:util'
import type { ComponentPlanStep, Plan } from '../../flow/plan/plan.ts'
import type { ComponentJob } from './job.ts'

/** Whether the plan has the endless trigger as it was started: if not, its child works with what is no longer wanted. */
export function sameListener(
  { flow, triggers, steps, stages }: Plan,
  { delivery, plan, stage }: ComponentJob,
): boolean {
  if (flow.suspend || flow.freeze) return false
  const trigger = triggers.find(({ name }) => name === delivery.message.headers.trigger)
  const step = steps[plan.name]
  const queue = stages.find(({ name }) => name === plan.name)?.queue
  if (trigger?.kind !== 'listen' || trigger.to !== plan.name || queue !== stage.queue) return false
  return step?.kind === 'component' && isDeepStrictEqual(calledWith(step), calledWith(plan))
}

function calledWith({ function: called, config, bind, credential, dialect, isolation }: ComponentPlanStep): unknown {
  return { called, config, bind, credential, dialect, isolation }
}
