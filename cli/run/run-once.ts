import type { FirstMessage } from '../../runtime/trigger/decide/first-message.ts'
import { startRun } from '../../runtime/trigger/start-run.ts'
import { freshId } from '../../runtime/wire/message-id.ts'
import { sleep } from '../../runtime/clock.ts'
import { PermanentError } from '../../runtime/error.ts'
import { UsageError } from '../usage-error.ts'
import type { ChosenTrigger } from './choose-trigger.ts'
import { closeRuntime, drain, drainNotice } from './drain.ts'
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
/** A run that is over by then needs no live view. */
const showAfterMs = 1000

/** Fires one trigger, waits until nothing is queued, running or waiting, and closes. Exit code 1 when something was dead-lettered. */
export async function runOnce(session: Session, fire: OneFire): Promise<number> {
  const { view, say, interrupts, counts } = session
  const { interrupted } = interrupts
  const over = new AbortController()
  const watching = watch(session, { afterMs: showAfterMs, until: over.signal })
  let answer: SyncAnswer | undefined
  try {
    answer = await startOnce(session, fire)
    await untilIdle(session)
    if (interrupted.aborted) say(drainNotice)
    await drain(session)
  } finally {
    over.abort()
    await watching
    view.close('erase')
    await answer?.close()
    await closeRuntime(session)
  }
  say(`${summaryOf(counts)}\n`)
  if (interrupted.aborted) return 130
  return counts.deadLetters() > 0 ? 1 : 0
}

/** Gives who waits for the answer of a synchronous webhook. */
async function startOnce(session: Session, { chosen, first }: OneFire): Promise<SyncAnswer | undefined> {
  const { runtime } = session
  // As the runtime numbers it: with a state it may not be the first revision.
  const plan = runtime.plans.active(chosen.plan.flow.uid)
  const trigger = plan?.triggers.find(({ name }) => name === chosen.trigger.name)
  if (plan === undefined || trigger === undefined) throw new UsageError(`there is no trigger "${chosen.trigger.name}"`)
  const answer = trigger.spec.webhook?.reply === 'sync' ? await openSyncAnswer(session) : undefined
  const { broker, clock, onRun } = runtime
  const start = await startRun(
    { broker, clock, ids: { freshId }, onRun },
    { plan, trigger, first, ...(answer && { run: answer.run, replyTo: answer.replyTo }) },
  )
  if (start.kind === 'unroutable') throw new PermanentError('QueueNotFound', `nobody owns the queue ${trigger.queue}`)
  return answer
}

/** Or until Ctrl-C. */
async function untilIdle({ runtime, interrupts: { interrupted } }: Session): Promise<void> {
  const isOver = (): boolean => interrupted.aborted
  for (let quiet = 0; quiet < 2 && !isOver();) {
    await runtime.broker.whenIdle(interrupted).catch((error: unknown) => {
      if (!isOver()) throw error
    })
    await sleep(runtime.clock, lateEmitMs, interrupted).catch(() => {})
    const { ready, unacknowledged, parked } = runtime.broker.pending()
    quiet = ready + unacknowledged + parked === 0 ? quiet + 1 : 0
  }
}
