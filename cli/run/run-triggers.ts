import type { Gateway } from '../../runtime/gateway/open-gateway.ts'
import { openGateway } from '../../runtime/gateway/open-gateway.ts'
import type { Tracer } from '../../runtime/runner/runner-parts.ts'
import type { Scheduler } from '../../runtime/scheduler/open-scheduler.ts'
import { openScheduler } from '../../runtime/scheduler/open-scheduler.ts'
import type { Gate } from '../../runtime/trigger/gate.ts'
import { depthGate } from '../../runtime/trigger/gate.ts'
import { oneByOne } from '../../runtime/scheduler/one-by-one.ts'
import { announcement } from './announcement.ts'
import { aborted } from '../../local/aborted.ts'
import { closeRuntime, drain, drainNotice, limitClosing } from './drain.ts'
import type { EditedFiles } from './follow-edits.ts'
import { followEdits } from './follow-edits.ts'
import type { Session } from './session.ts'
import { summaryOf } from './summary.ts'
import { watch } from './watch.ts'

/** What is queued is bounded at the sources. */
const queuedAtTriggers = 1000
/** Callers that wait for an answer get one by then. */
const callersMs = 5000

/** Opens all triggers and runs until Ctrl-C, which lets everything finish that has started. */
export async function runTriggers(
  session: Session,
  { port, edits }: { readonly port: number; readonly edits?: EditedFiles },
): Promise<number> {
  const { view, say, interrupts, counts } = session
  const triggers = new AsyncDisposableStack()
  const over = new AbortController()
  let watching: Promise<void> | undefined
  try {
    const { gateway, scheduler, followed } = await openTriggers(session, triggers, port)
    const announce = async (): Promise<void> => {
      await followed()
      const { probesUrl } = session
      const open = { gateway: gateway(), next: scheduler.nextFires(), ...(probesUrl !== undefined && { probesUrl }) }
      say(announcement(session.runtime.plans.all, open))
    }
    // Watched before anybody is told that it runs: an edit after that is heard.
    if (edits !== undefined) triggers.defer(followEdits(session, edits, announce))
    await announce()
    watching = watch(session, { afterMs: 0, until: over.signal })
    await aborted(interrupts.interrupted)
    say(drainNotice)
  } finally {
    const cancelLimit = limitClosing(session)
    await triggers.disposeAsync()
    await drain(session)
    over.abort()
    await watching
    view.close('leave')
    await closeRuntime(session)
    cancelLimit()
  }
  say(`finished: ${summaryOf(counts)}\n`)
  return interrupts.stopped.aborted ? 130 : 0
}

/** What fires the flows as they are at each moment. */
interface Triggers {
  readonly gateway: () => Gateway | undefined
  readonly scheduler: Scheduler
  /** Resolves when they are those of the plans as they were at the call. */
  readonly followed: () => Promise<void>
}

async function openTriggers(session: Session, opened: AsyncDisposableStack, port: number): Promise<Triggers> {
  const { runtime, log, interrupts } = session
  const gate = depthGate(runtime.broker, runtime.clock, queuedAtTriggers)
  let gateway = await openWebhooks(session, gate, port)
  opened.defer(async () => gateway?.close(interrupts.stopped.aborted ? 0 : callersMs))
  opened.defer(runtime.stopListening)
  const scheduler = await openScheduler({ ...runtime, ...traced(session), gate, log })
  opened.defer(scheduler.close)
  session.onEntrySettled(scheduler.entrySettled)
  const inTurn = oneByOne()
  const follow = async (): Promise<void> => {
    gateway ??= await openWebhooks(session, gate, port)
    gateway?.refresh()
    await scheduler.refresh()
  }
  let following: Promise<void> = Promise.resolve()
  const forget = runtime.plans.onChange(() => {
    following = inTurn('follow', follow).catch((err: unknown) => log.error({ err }, 'triggers do not follow an edit'))
  })
  opened.defer(async () => {
    forget()
    await following
  })
  return { gateway: () => gateway, scheduler, followed: () => following }
}

async function openWebhooks(session: Session, gate: Gate, port: number): Promise<Gateway | undefined> {
  const { runtime, log } = session
  const hasWebhook = runtime.plans.all.some(({ triggers }) => triggers.some(({ kind }) => kind === 'webhook'))
  return hasWebhook ? openGateway({ ...runtime, ...traced(session), gate, log, host: '127.0.0.1', port }) : undefined
}

function traced({ tracer }: Session): { readonly tracer?: Tracer } {
  return tracer === undefined ? {} : { tracer }
}
