import { sleep } from '../../runtime/clock.ts'
import { count } from '../format-findings.ts'
import type { Session } from './session.ts'

const drainMs = 30_000
const lookEveryMs = 50

export const drainNotice = 'finishing what has started; a second Ctrl-C stops at once\n'

/**
 * After Ctrl-C: lets everything finish that is queued or running, for 30 s or until the second Ctrl-C, then closes the runtime and
 * tells what is left. What waits for a retry is not waited for.
 */
export async function drainAndClose(session: Session): Promise<void> {
  const { runtime, interrupts } = session
  const untilMs = runtime.clock.now() + drainMs
  const isBusy = (): boolean => {
    const { ready, unacknowledged } = runtime.broker.pending()
    return ready + unacknowledged > 0
  }
  while (isBusy() && runtime.clock.now() < untilMs && !interrupts.stopped.aborted) {
    await sleep(runtime.clock, lookEveryMs, interrupts.stopped).catch(() => {})
  }
  await closeRuntime(session, Math.max(0, untilMs - runtime.clock.now()))
}

/** Closes the runtime and tells what had not finished. */
export async function closeRuntime({ runtime, say }: Session, deadlineMs = drainMs): Promise<void> {
  const left = await runtime.close(deadlineMs)
  if (left === 0) return
  const fate = runtime.isKept
    ? `${left === 1 ? 'is' : 'are'} kept: the next run with this --state goes on`
    : `${left === 1 ? 'is' : 'are'} gone: queues are in memory; with --state DIR the next run goes on`
  say(`${count(left, 'message')} had not finished and ${fate}\n`)
}
