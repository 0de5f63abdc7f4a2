import type { PlanStage } from '../../flow/plan/plan.ts'
import { sleep } from '../clock.ts'
import type { ActivePlan } from './active-plan.ts'
import type { AttachParts } from './attachment.ts'
import { openAttachments } from './attachments.ts'
import { openBacklog } from './backlog.ts'
import { openListeners } from './listeners.ts'
import { openPatience } from './patience.ts'
import { planCache } from './plan-cache.ts'
import { callPreparer } from './prepare-call.ts'
import type { RunnerParts } from './runner-parts.ts'
import { sharedLanes } from './shared-lane.ts'

/** Works on the messages of the stages that are attached to it. */
export interface Runner {
  /** Starts to consume a stage's queue, which must be declared. Safe to repeat. */
  readonly attach: (stage: PlanStage, active: ActivePlan) => Promise<void>
  /** Finishes what has started on the queue, then leaves it to others. */
  readonly detach: (queue: string) => Promise<void>
  /** Ends endless triggers: a source that must stop before what it has given can be finished. Safe to repeat. */
  readonly stopListening: () => Promise<void>
  /** Lets what has started finish until the deadline; everything else goes back to its queue. Safe to repeat: the earlier deadline counts. */
  readonly close: (deadlineMs: number) => Promise<void>
}

export function openRunner(parts: RunnerParts): Runner {
  const draining = new AbortController()
  const own = attachParts(parts, draining.signal)
  const attachments = openAttachments(own)
  return {
    attach: async (stage, active) => {
      await attachments.attach(stage, active)
    },
    detach: attachments.detach,
    stopListening: own.listeners.stop,
    close: async (deadlineMs) => {
      draining.abort()
      await own.listeners.stop()
      own.patience.end()
      const timer = new AbortController()
      const deadline = sleep(parts.clock, deadlineMs, timer.signal).catch(() => {})
      await Promise.race([attachments.drain(), deadline])
      timer.abort()
      await attachments.close()
      own.backlog.close()
    },
  }
}

function attachParts(parts: RunnerParts, draining: AbortSignal): AttachParts {
  const { broker, clock, limits } = parts
  const backlog = openBacklog(broker, clock, limits.queuedMessages)
  const prepare = callPreparer(parts)
  const plans = planCache(parts)
  return {
    parts,
    backlog,
    prepare,
    plans,
    draining,
    listeners: openListeners({ parts, backlog, prepare, plans }),
    patience: openPatience(clock),
    lanes: sharedLanes(),
  }
}
