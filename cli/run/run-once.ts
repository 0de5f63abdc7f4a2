import type { EmbeddedBroker } from '../../runtime/broker/embedded-broker.ts'
import type { FirstMessage } from '../../runtime/trigger/decide/first-message.ts'
import { startRun } from '../../runtime/trigger/start-run.ts'
import { freshId } from '../../runtime/wire/message-id.ts'
import { sleep } from '../../runtime/clock.ts'
import { PermanentError } from '../../runtime/error.ts'
import { UsageError } from '../usage-error.ts'
import type { ChosenTrigger } from './choose-trigger.ts'
import { closeRuntime, drain, drainNotice, limitClosing } from './drain.ts'
import type { Session } from './session.ts'
import { summaryOf } from './summary.ts'
import type { SyncAnswer } from './sync-answer.ts'
import { openSyncAnswer } from './sync-answer.ts'
import { watch } from './watch.ts'

export interface OneFire {
  readonly chosen: ChosenTrigger
  readonly first: FirstMessage
}

/** A component may emit a moment after its `end`; twice idle in a row is idle. */
const lateEmitMs = 50
const lookEveryMs = 200
const letterLooks = 3
/** A run that is over by then needs no live view. */
const showAfterMs = 1000

/** Fires one trigger, waits until nothing is queued, running or waiting, and closes. Exit code 1 when something was dead-lettered. */
export async function runOnce(session: Session, fire: OneFire): Promise<number> {
  const { view, say, interrupts, counts } = session
  const { interrupted } = interrupts
  const over = new AbortController()
  const watching = watch(session, { afterMs: showAfterMs, until: over.signal })
  let answer: SyncAnswer | undefined
  let hasDied = (): boolean => counts.deadLetters() > 0
  try {
    const started = await startOnce(session, fire)
    answer = started.answer
    await untilDone(session, started)
    // At a server others may have recorded it, and what died of other runs is not this one's.
    if (session.servers !== undefined) hasDied = await lettersOf(session, started)
    if (interrupted.aborted) say(drainNotice)
    await drain(session)
  } finally {
    const cancelLimit = limitClosing(session)
    over.abort()
    await watching
    view.close('erase')
    await answer?.close()
    await closeRuntime(session)
    cancelLimit()
  }
  say(`${summaryOf(counts)}\n`)
  if (interrupted.aborted) return 130
  return hasDied() ? 1 : 0
}

interface OnceStarted {
  readonly flow: string
  readonly run: string
  /** Who waits for the answer of a synchronous webhook. */
  readonly answer: SyncAnswer | undefined
}

async function startOnce(session: Session, { chosen, first }: OneFire): Promise<OnceStarted> {
  const { runtime, tracer } = session
  const { plan, trigger } = activeTrigger(session, chosen)
  const answer = trigger.spec.webhook?.reply === 'sync' ? await openSyncAnswer(session, plan.flow.namespace) : undefined
  const { broker, clock, onRun, store, embedded } = runtime
  const run = answer?.run ?? freshId()
  // The queues of a server are not ours alone: only the run itself tells when it has ended.
  const tracked = embedded === undefined
  if (tracked) await store.trackedRuns.add(plan.flow.uid, run, [run])
  const start = await startRun(
    { broker, clock, ids: { freshId }, onRun, ...(tracer !== undefined && { tracer }) },
    { plan, trigger, first, run, tracked, ...(answer && { replyTo: answer.replyTo }) },
  )
  if (start.kind === 'unroutable') throw new PermanentError('QueueNotFound', `nobody owns the queue ${trigger.queue}`)
  return { flow: plan.flow.uid, run, answer }
}

/** As the runtime numbers it: with a state it may not be the first revision. */
function activeTrigger({ runtime }: Session, chosen: ChosenTrigger): ChosenTrigger {
  const plan = runtime.plans.active(chosen.plan.flow.uid)
  const trigger = plan?.triggers.find(({ name }) => name === chosen.trigger.name)
  if (plan === undefined || trigger === undefined) throw new UsageError(`there is no trigger "${chosen.trigger.name}"`)
  return { plan, trigger }
}

/** Until all that came of it is done, or Ctrl-C. */
async function untilDone(session: Session, started: OnceStarted): Promise<void> {
  const { embedded } = session.runtime
  return embedded === undefined ? untilEnded(session, started) : untilIdle(session, embedded)
}

async function untilEnded(
  { runtime, interrupts: { interrupted } }: Session,
  { flow, run }: OnceStarted,
): Promise<void> {
  // A store that does not answer says nothing about the run.
  const isActive = async (): Promise<boolean> => {
    const runs = await runtime.store.trackedRuns.active(flow).catch(() => [run])
    return runs.includes(run)
  }
  while (!interrupted.aborted && (await isActive())) {
    await sleep(runtime.clock, lookEveryMs, interrupted).catch(() => {})
  }
}

/** Whether something of the run is a dead letter; one that has just died may still be on its way. */
async function lettersOf({ runtime, interrupts }: Session, { flow, run }: OnceStarted): Promise<() => boolean> {
  const { store, clock } = runtime
  for (let looks = 0; looks < letterLooks; looks += 1) {
    const letters = await store.deadLetters.list({ flow, run, limit: 1 }).catch(() => [])
    if (letters.length > 0) return () => true
    await sleep(clock, lookEveryMs, interrupts.interrupted).catch(() => {})
  }
  return () => false
}

async function untilIdle({ runtime, interrupts: { interrupted } }: Session, embedded: EmbeddedBroker): Promise<void> {
  const isOver = (): boolean => interrupted.aborted
  for (let quiet = 0; quiet < 2 && !isOver();) {
    await embedded.whenIdle(interrupted).catch((error: unknown) => {
      if (!isOver()) throw error
    })
    await sleep(runtime.clock, lateEmitMs, interrupted).catch(() => {})
    const { ready, unacknowledged, parked } = embedded.pending()
    quiet = ready + unacknowledged + parked === 0 ? quiet + 1 : 0
  }
}
