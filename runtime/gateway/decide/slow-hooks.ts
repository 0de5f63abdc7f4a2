/** Who keeps the process from all others, and how long it has to wait for that. Times in milliseconds since 1970. */
export interface SlowHooks {
  /** Milliseconds until the hook may be judged for again; undefined when it may now. */
  readonly waitOf: (hook: string, now: number) => number | undefined
  /** A body of it took so long. */
  readonly took: (hook: string, judged: { readonly spentMs: number; readonly isTooSlow: boolean }, now: number) => void
}

interface SlowHook extends Waiting {
  readonly slowAt: number
}

interface Waiting {
  /** One upon another. */
  readonly timeouts: number
  readonly waitsUntil: number
}

/** What takes less is not more than reading the body takes. */
const slowMs = 20
const firstWaitMs = 2_000
const longestWaitMs = 300_000
/** A hook that was not slow for so long is like any other. */
const forgottenMs = 2 * longestWaitMs
/** Slow hooks together may take a fifth of the time, and so much of it in advance. */
const restPerWork = 4
const advanceMs = 4_000
const mostRemembered = 1_000

/**
 * Of the hooks of one desk. One whose body took too long waits, and twice as long each time; all that are slow share a part of the time, so that many of them
 * take no more than one does. Hooks that are not slow never wait.
 */
export function openSlowHooks(): SlowHooks {
  const slow = new Map<string, SlowHook>()
  let restedAt = 0
  const remembered = (hook: string, now: number): SlowHook | undefined => {
    const known = slow.get(hook)
    return known !== undefined && now - known.slowAt < forgottenMs ? known : undefined
  }
  return {
    waitOf: (hook, now) => {
      const known = remembered(hook, now)
      if (known === undefined) return undefined
      const waitMs = Math.max(known.waitsUntil, restedAt - advanceMs) - now
      return waitMs > 0 ? waitMs : undefined
    },
    took: (hook, { spentMs, isTooSlow }, now) => {
      if (spentMs < slowMs && !isTooSlow) return
      restedAt = Math.max(restedAt, now) + restPerWork * spentMs
      const known = remembered(hook, now) ?? { timeouts: 0, waitsUntil: 0 }
      slow.delete(hook)
      slow.set(hook, { ...(isTooSlow ? waiting(known, now) : known), slowAt: now })
      const [oldest] = slow.keys()
      if (slow.size > mostRemembered && oldest !== undefined) slow.delete(oldest)
    },
  }
}

function waiting({ timeouts }: Waiting, now: number): Waiting {
  const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** timeouts)
  return { timeouts: timeouts + 1, waitsUntil: now + waitMs }
}
