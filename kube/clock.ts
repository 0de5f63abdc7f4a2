/** Time as a parameter, so that a test can hold it. */
export interface Clock {
  /** Milliseconds since 1970, by the wall. */
  readonly now: () => number
  /** Milliseconds since some moment; never goes back, whoever sets the wall's clock. */
  readonly elapsed: () => number
  /** Calls `onDue` once, `afterMs` from now or later; gives what cancels it, which is safe to call twice and afterwards. */
  readonly setTimer: (afterMs: number, onDue: () => void) => () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  setTimer: (afterMs, onDue) => {
    const timer = setTimeout(onDue, Math.min(Math.max(0, afterMs), 2 ** 31 - 1))
    return () => clearTimeout(timer)
  },
}

/** Resolves after the time or when the signal is aborted, whichever is first. Never rejects. */
export function pause(clock: Clock, afterMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.setTimer(afterMs, end)
    if (signal?.aborted === true) end()
    else signal?.addEventListener('abort', end, { once: true })
  })
}
