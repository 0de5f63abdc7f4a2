import { startRun } from '../../runtime/trigger/start-run.ts'
import { handFiredMessage } from '../../runtime/trigger/decide/first-message.ts'
import { freshId } from '../../runtime/wire/message-id.ts'
import { sleep } from '../../runtime/clock.ts'
import { readJsonOption } from '../read-value.ts'
import { UsageError } from '../usage-error.ts'
import { chooseTrigger } from './choose-trigger.ts'
import type { Session } from './run.ts'

const drainMs = 30_000
/** A component may emit a moment after its `end`; twice idle in a row is idle. */
const lateEmitMs = 50

/** Fires one trigger, waits until nothing is queued, running or waiting, and closes. */
export async function runOnce(session: Session): Promise<number> {
  const { runtime, context } = session
  try {
    await fire(session)
    const interrupted = await untilIdle(session)
    if (interrupted) {
      context.terminal.err('interrupted: finishing what has started; a second Ctrl-C stops at once\n')
      return 130
    }
    return session.deadLetters() > 0 ? 1 : 0
  } finally {
    await runtime.close(drainMs)
  }
}

async function fire({ runtime, options }: Session): Promise<void> {
  const { plan, trigger } = chooseTrigger(runtime.plans.all, options.trigger)
  if (trigger.kind === 'listen') {
    throw new UsageError(`trigger "${plan.flow.name}/${trigger.name}" listens without an end; run it without --once`)
  }
  const data = options.data === undefined ? undefined : await readJsonOption('--data', options.data)
  const headers = Object.fromEntries(options.header)
  const at = runtime.clock.now()
  const first = handFiredMessage(trigger, {
    at,
    ...(data !== undefined && { data }),
    ...(options.header.size > 0 && { headers }),
  })
  const deps = {
    broker: runtime.broker,
    store: runtime.store,
    clock: runtime.clock,
    ids: { freshId },
    onRun: runtime.onRun,
  }
  await startRun(deps, { plan, trigger, first })
}

/** True when Ctrl-C came first. */
async function untilIdle({ runtime, context }: Session): Promise<boolean> {
  try {
    for (let quiet = 0; quiet < 2;) {
      await runtime.broker.whenIdle(context.interrupted)
      await sleep(runtime.clock, lateEmitMs, context.interrupted)
      const { ready, unacknowledged, parked } = runtime.broker.pending()
      quiet = ready + unacknowledged + parked === 0 ? quiet + 1 : 0
    }
    return false
  } catch (error) {
    if (context.interrupted.aborted) return true
    throw error
  }
}
