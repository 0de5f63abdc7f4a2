import { emptyDeque, pushLast, shiftFirst } from '../ring-deque.ts'

/** So many at a time; the others wait in the order of their asking. */
export interface Slots {
  /** Gives what frees the slot again, safe to repeat; rejects with the signal's reason. */
  readonly take: (signal: AbortSignal) => Promise<() => void>
}

interface Waiter {
  readonly grant: () => void
  readonly signal: AbortSignal
}

export function openSlots(count: number): Slots {
  const waiters = emptyDeque<Waiter>()
  let free = count

  const release = (): void => {
    for (let next = shiftFirst(waiters); next !== undefined; next = shiftFirst(waiters)) {
      if (!next.signal.aborted) return next.grant()
    }
    free += 1
  }
  const releaseOnce = (): (() => void) => {
    let isHeld = true
    return () => {
      if (isHeld) release()
      isHeld = false
    }
  }
  return {
    take: (signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<() => void>()
      const refuse = (): void => reject(signal.reason as Error) // whatever ended it
      const grant = (): void => {
        signal.removeEventListener('abort', refuse)
        resolve(releaseOnce())
      }
      if (signal.aborted) refuse()
      else if (free > 0) {
        free -= 1
        grant()
      } else {
        signal.addEventListener('abort', refuse, { once: true })
        pushLast(waiters, { grant, signal })
      }
      return promise
    },
  }
}
