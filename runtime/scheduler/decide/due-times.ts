/** A time that a schedule names, and when it is to be fired: its jitter later. Milliseconds since 1970. */
export interface DueTime {
  readonly at: number
  readonly dueAt: number
}

export interface MissedPolicy {
  readonly missed: 'skip' | 'latest' | 'all'
  readonly startingDeadlineSeconds?: number
}

export interface DueDecision {
  readonly fire: readonly DueTime[]
  readonly skipped: readonly DueTime[]
}

/** Up to here a fire is late, not missed: a restart or a busy moment loses nothing, whatever the policy. */
export const lateMs = 10_000

/** Which of the times that have come are fired now: those that are hardly late, and of the missed ones what the policy says. */
export function decideDue(times: readonly DueTime[], policy: MissedPolicy, now: number): DueDecision {
  const deadlineMs = (policy.startingDeadlineSeconds ?? Number.POSITIVE_INFINITY) * 1000
  const inTime = times.filter((time) => now - time.dueAt <= deadlineMs)
  const onTime = inTime.filter((time) => now - time.dueAt <= lateMs)
  const fire =
    policy.missed === 'all' ? inTime : onTime.length > 0 || policy.missed === 'skip' ? onTime : inTime.slice(-1)
  return { fire, skipped: times.filter((time) => !fire.includes(time)) }
}
