import { sleep } from '../../runtime/clock.ts'
import { count } from '../format-findings.ts'
import type { Session } from './session.ts'
import { waitingAt } from './waiting-at.ts'

const drainMs = 30_000
const lookEveryMs = 50

export const drainNotice = 'finishing what has started; a second Ctrl-C stops at once\n'

/**
 * After Ctrl-C: until nothing is queued or running, for 30 s, or until the second Ctrl-C. What waits for a retry is not waited for.
 * What is queued at a server waits there for others; only what has started is finished, by closing.
 */
export async function drain({ runtime, interrupts: { stopped } }: Session): Promise<void> {
  const untilMs = runtime.clock.now() + drainMs
  const isBusy = (): boolean => {
    const { ready, unacknowledged } = runtime.embedded?.pending() ?? { ready: 0, unacknowledged: 0 }
    return ready + unacknowledged > 0
  }
  while (isBusy() && runtime.clock.now() < untilMs && !stopped.aborted) {
    await sleep(runtime.clock, lookEveryMs, stopped).catch(() => {})
  }
}

/** Beyond what everything may take together while the servers answer. */
const serversMs = 45_000

/** Servers that do not answer must not keep a run from ending for ever: what had started is theirs, and comes again. */
export function limitClosing({ runtime, servers, interrupts, say }: Session): () => void {
  if (servers === undefined) return () => {}
  return runtime.clock.setTimer(serversMs, () => {
    say(`not finished within ${serversMs / 1000} s: what had started is begun again by the next run\n`)
    interrupts.stop()
  })
}

/** Closes the runtime and tells what had not finished. */
export async function closeRuntime({ runtime, servers, say, close }: Session): Promise<void> {
  const left = await close(runtime.embedded === undefined ? drainMs : 0)
  if (left === 0) return
  if (servers !== undefined) return say(`${waitingAt(servers.brokerName, left)}: the next run goes on with them\n`)
  if (left === undefined) return
  const fate = runtime.isKept
    ? `${left === 1 ? 'is' : 'are'} kept: the next run with this --state goes on`
    : `${left === 1 ? 'is' : 'are'} gone: queues are in memory; with --state DIR the next run goes on`
  say(`${count(left, 'message')} had not finished and ${fate}\n`)
}
