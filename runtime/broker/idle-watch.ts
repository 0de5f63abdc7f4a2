/** Tells those who wait for it that nothing is left to do. */
export interface IdleWatch {
  /** To be called when it may have become idle; cheap when nobody waits. */
  readonly check: () => void
  readonly whenIdle: (signal?: AbortSignal) => Promise<void>
  /** Rejects those who wait. */
  readonly close: (reason: Error) => void
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (reason: Error) => void
}

/** @param isIdle asked in a turn of its own, once however often `check` was called before */
export function idleWatch(isIdle: () => boolean): IdleWatch {
  const waiters = new Set<Waiter>()
  let isScheduled = false

  const check = (): void => {
    if (waiters.size === 0 || isScheduled) return
    isScheduled = true
    setImmediate(() => {
      isScheduled = false
      if (isIdle()) endAll((waiter) => waiter.resolve())
    })
  }
  const endAll = (end: (waiter: Waiter) => void): void => {
    const ended = [...waiters]
    waiters.clear()
    for (const waiter of ended) end(waiter)
  }
  const whenIdle = async (signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter = { resolve, reject }
    const onAbort = (): void => reject(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    waiters.add(waiter)
    check()
    try {
      await promise
    } finally {
      waiters.delete(waiter)
      signal?.removeEventListener('abort', onAbort)
    }
  }
  return { check, whenIdle, close: (reason) => endAll((waiter) => waiter.reject(reason)) }
}
