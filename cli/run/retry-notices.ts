import type { Logger } from 'pino'
import type { Plan } from '../../flow/plan/plan.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { StepEvent } from '../../runtime/store/store.ts'

export interface RetryNoticesParts {
  /** May grow: the latest of a flow counts. */
  readonly plans: readonly Plan[]
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Logger, 'warn'>
}

interface LastNotice {
  atMs: number
  /** Failed attempts since then that nothing was said of. */
  untold: number
}

/** Of one step; a failing service fails for every message alike. */
const everyMs = 5000

/** Says that attempts fail and are tried again, so that a run that waits does not look hung: at most one line per step in 5 s. */
export function retryNotices({ plans, clock, log }: RetryNoticesParts): (event: StepEvent) => void {
  const last = new Map<string, LastNotice>()
  return (event) => {
    if (event.kind !== 'retried') return
    const key = `${event.flow} ${event.step}`
    const notice = last.get(key)
    const now = clock.now()
    if (notice !== undefined && now - notice.atMs < everyMs) {
      notice.untold += 1
      return
    }
    last.set(key, { atMs: now, untold: 0 })
    const plan = plans.findLast(({ flow }) => flow.uid === event.flow)
    const others = notice?.untold ?? 0
    log.warn(
      {
        flow: plan?.flow.name ?? event.flow,
        step: event.step,
        attempt: attemptOf(event, plan),
        code: event.code,
        error: event.error,
        ...(others > 0 && { others }),
      },
      'attempt failed, it will be tried again',
    )
  }
}

function attemptOf({ step, attempt }: StepEvent, plan: Plan | undefined): string {
  const most = plan?.steps[step]?.onError.retry.maxAttempts
  return most === undefined ? String(attempt) : `${attempt} of ${most}`
}
