/** How long a call has taken, the time not counted in which it waited for the runner. */
export interface CallTime {
  startedAtMs: number
  heldMs: number
  heldSinceMs: number
  holds: number
}

export function startTime(nowMs: number): CallTime {
  return { startedAtMs: nowMs, heldMs: 0, heldSinceMs: 0, holds: 0 }
}

/** Stops the time until as many `release`s have followed. */
export function hold(time: CallTime, nowMs: number): void {
  if (time.holds === 0) time.heldSinceMs = nowMs
  time.holds += 1
}

export function release(time: CallTime, nowMs: number): void {
  time.holds -= 1
  if (time.holds === 0) time.heldMs += nowMs - time.heldSinceMs
}

export function elapsedMs(time: CallTime, nowMs: number): number {
  const untilMs = time.holds > 0 ? time.heldSinceMs : nowMs
  return untilMs - time.startedAtMs - time.heldMs
}
