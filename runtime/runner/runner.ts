import { callPlaces } from '../budget/call-places.ts'
import { openRateGate } from '../budget/rate-gate.ts'
import { sleep } from '../clock.ts'
import type { LivingWork } from '../plan-source.ts'
import type { AttachParts } from './attachment.ts'
import { openAttachments } from './attachments.ts'
import { openBacklog } from './backlog.ts'
import { openLasting } from './lasting.ts'
import { openListeners } from './listeners.ts'
import { planCache } from './plan-cache.ts'
import { callPreparer } from './prepare-call.ts'
import type { RunnerParts } from './runner-parts.ts'
import { sharedLanes } from './shared-lane.ts'
import { Solitude } from './solitude.ts'

/** Works on the messages of the stages that are attached to it. */
export interface Runner {
  /**
   * Starts to consume a stage's queue, and goes on trying where that fails; resolves when it is consumed, or detached again.
   * Safe to repeat: with a newer plan it makes that one known.
   */
  readonly attach: (work: LivingWork) => Promise<void>
  /** Finishes what has started on the queue, then leaves it to others. */
  readonly detach: (queue: string) => Promise<void>
  /** Active plans have changed: endless triggers that these no longer have are ended. */
  readonly review: () => Promise<void>
  /** Ends endless triggers: a source that must stop before what it has given can be finished. Safe to repeat. */
  readonly stopListening: () => Promise<void>
  /** Lets what has started finish until the deadline; everything else goes back to its queue. Safe to repeat: the earlier deadline counts. */
  readonly close: (deadlineMs: number) => Promise<void>
}

export function openRunner(parts: RunnerParts): Runner {
  const draining = new AbortController()
  const closed = new AbortController()
  const own = attachParts(parts, draining.signal, closed.signal)
  const attachments = openAttachments(own)
  return {
    attach: attachments.attach,
    detach: attachments.detach,
    review: own.listeners.review,
    stopListening: own.listeners.stop,
    close: async (deadlineMs) => {
      draining.abort()
      await own.listeners.stop()
      const timer = new AbortController()
      const deadline = sleep(parts.clock, deadlineMs, timer.signal).catch(() => {})
      await Promise.race([attachments.drain(), deadline])
      timer.abort()
      await attachments.close()
      own.gate.close()
      closed.abort()
      own.backlog.close()
    },
  }
}

function attachParts(parts: RunnerParts, draining: AbortSignal, closed: AbortSignal): AttachParts {
  const { broker, clock, limits } = parts
  const solitude = new Solitude()
  const backlog = openBacklog({ broker, clock, limit: limits.queuedMessages, mustHurry: () => solitude.isWanted })
  const prepare = callPreparer(parts)
  const plans = planCache(parts)
  const lasting = openLasting(clock, closed)
  return {
    parts,
    backlog,
    prepare,
    plans,
    draining,
    lasting,
    solitude,
    listeners: openListeners({ parts, lasting, backlog, prepare, plans }),
    lanes: sharedLanes(),
    gate: openRateGate({ budgets: parts.store.rateBudgets, clock, log: parts.log, observer: parts.observer }),
    places: callPlaces(),
  }
}
