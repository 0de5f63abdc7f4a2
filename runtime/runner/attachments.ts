import type { PlanStage } from '../../flow/plan/plan.ts'
import { sleep } from '../clock.ts'
import type { ActivePlan } from './active-plan.ts'
import type { Attachment, AttachParts } from './attachment.ts'
import { openAttachment } from './attachment.ts'

/** The queues that a runner consumes, by name. */
export interface Attachments {
  /** Safe to repeat. */
  readonly attach: (stage: PlanStage, active: ActivePlan) => Promise<Attachment>
  readonly detach: (queue: string) => Promise<void>
  /** Resolves when all that has started is settled, and every queue is left. */
  readonly drain: () => Promise<void>
  /** Leaves every queue; what is not settled goes back. */
  readonly close: () => Promise<void>
}

/** A queue that was lost is asked for again after this long: another consumer may have it, and die. */
const attachAgainMs = 1000

export function openAttachments(own: AttachParts): Attachments {
  const open = new Map<string, Promise<Attachment>>()
  const attach = (stage: PlanStage, active: ActivePlan): Promise<Attachment> => {
    const known = open.get(stage.queue)
    if (known !== undefined) return known
    const attaching = openAttachment(own, { stage, active, onEnd: () => void attachAgain(stage, active, attaching) })
    open.set(stage.queue, attaching)
    attaching.catch(() => forget(stage.queue, attaching))
    return attaching
  }
  const forget = (queue: string, attachment: Promise<Attachment>): boolean =>
    open.get(queue) === attachment && open.delete(queue)
  /** At the end of the line, with a snapshot that is read anew. */
  const attachAgain = async (stage: PlanStage, active: ActivePlan, lost: Promise<Attachment>): Promise<void> => {
    try {
      await sleep(own.parts.clock, attachAgainMs, own.draining)
      if (forget(stage.queue, lost)) await attach(stage, active)
    } catch (err) {
      if (!own.draining.aborted) own.parts.log.error({ queue: stage.queue, err }, 'queue cannot be consumed')
    }
  }
  return {
    attach,
    detach: async (queue) => {
      const attachment = open.get(queue)
      open.delete(queue)
      if (attachment !== undefined) await drainAndClose(attachment)
    },
    drain: async () => {
      await Promise.all([...open.values()].map(drainAndClose))
    },
    close: async () => {
      await Promise.all([...open.values()].map(closeOpened))
      open.clear()
    },
  }
}

async function drainAndClose(attaching: Promise<Attachment>): Promise<void> {
  const attachment = await opened(attaching)
  await attachment?.drain()
  await attachment?.close()
}

async function closeOpened(attaching: Promise<Attachment>): Promise<void> {
  await (await opened(attaching))?.close()
}

/** One that could not be opened has nothing to close. */
function opened(attaching: Promise<Attachment>): Promise<Attachment | undefined> {
  return attaching.catch(() => undefined)
}
