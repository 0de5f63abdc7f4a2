import type { Gateway } from '../../runtime/gateway/open-gateway.ts'
import { openGateway } from '../../runtime/gateway/open-gateway.ts'
import type { Scheduler } from '../../runtime/scheduler/open-scheduler.ts'
import { openScheduler } from '../../runtime/scheduler/open-scheduler.ts'
import type { Gate } from '../../runtime/trigger/gate.ts'
import { depthGate } from '../../runtime/trigger/gate.ts'
import { announcement } from './announcement.ts'
import { aborted } from '../../local/aborted.ts'
import { closeRuntime, drain, drainNotice } from './drain.ts'
import type { Session } from './session.ts'
import { summaryOf } from './summary.ts'
import { watch } from './watch.ts'

/** What is queued is bounded at the sources. */
const queuedAtTriggers = 1000
/** Callers that wait for an answer get one by then. */
const callersMs = 5000

/** Opens all triggers and runs until Ctrl-C, which lets everything finish that has started. */
export async function runTriggers(session: Session, { port }: { readonly port: number }): Promise<number> {
  const { view, say, interrupts, counts } = session
  const triggers = new AsyncDisposableStack()
  const over = new AbortController()
  let watching: Promise<void> | undefined
  try {
    const { gateway, scheduler } = await openTriggers(session, triggers, port)
    say(announcement(session.runtime.plans.all, { gateway, next: scheduler.nextFires() }))
    watching = watch(session, { afterMs: 0, until: over.signal })
    await aborted(interrupts.interrupted)
    say(drainNotice)
  } finally {
    await triggers.disposeAsync()
    await drain(session)
    over.abort()
    await watching
    view.close('leave')
    await closeRuntime(session)
  }
  say(`finished: ${summaryOf(counts)}\n`)
  return interrupts.stopped.aborted ? 130 : 0
}

async function openTriggers(
  session: Session,
  opened: AsyncDisposableStack,
  port: number,
): Promise<{ readonly gateway: Gateway | undefined; readonly scheduler: Scheduler }> {
  const { runtime, log, interrupts } = session
  const gate = depthGate(runtime.broker, runtime.clock, queuedAtTriggers)
  const gateway = await openWebhooks(session, gate, port)
  opened.defer(async () => gateway?.close(interrupts.stopped.aborted ? 0 : callersMs))
  opened.defer(runtime.stopListening)
  const scheduler = await openScheduler({ ...runtime, gate, log })
  opened.defer(scheduler.close)
  session.onEntrySettled(scheduler.entrySettled)
  return { gateway, scheduler }
}

async function openWebhooks(session: Session, gate: Gate, port: number): Promise<Gateway | undefined> {
  const { runtime, credentials, log } = session
  const hasWebhook = runtime.plans.all.some(({ triggers }) => triggers.some(({ kind }) => kind === 'webhook'))
  return hasWebhook ? openGateway({ ...runtime, gate, credentials, log, host: '127.0.0.1', port }) : undefined
}
