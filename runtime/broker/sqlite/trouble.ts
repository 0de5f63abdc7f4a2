import type { CancelTimer, Clock } from '../../clock.ts'
import { toStoreError } from '../../store/sqlite/sqlite-error.ts'
import type { BrokerHealth } from '../broker.ts'

/** What keeps the file from being read or written, since when; and when it is tried again. */
export interface Trouble {
  /** Notes it, and calls after a while; not any more once closed. */
  readonly retryAfter: (error: unknown, again: () => void) => void
  readonly note: (error: unknown) => void
  /** Something was written or read. */
  readonly clear: () => void
  readonly health: () => BrokerHealth
  readonly close: () => void
}

const retryMs = 1000

export interface TroubleParts {
  readonly path: string
  readonly clock: Clock
  /** Told of the first of several failures in a row. */
  readonly onTrouble: (error: Error) => void
}

export function openTrouble({ path, clock, onTrouble }: TroubleParts): Trouble {
  let current: Extract<BrokerHealth, { kind: 'blocked' }> | undefined
  let isClosed = false
  const timers = new Set<CancelTimer>()
  const note = (error: unknown): void => {
    if (isClosed) return
    const failure = toStoreError(error)
    const isFirst = current === undefined
    current = { kind: 'blocked', since: current?.since ?? clock.now(), reason: `${path}: ${failure.message}` }
    if (isFirst) onTrouble(failure)
  }
  return {
    note,
    retryAfter: (error, again) => {
      note(error)
      if (isClosed) return
      const cancel = clock.setTimer(retryMs, () => {
        timers.delete(cancel)
        again()
      })
      timers.add(cancel)
    },
    clear: () => {
      current = undefined
    },
    health: () => current ?? { kind: 'ready' },
    close: () => {
      isClosed = true
      for (const cancel of timers) cancel()
    },
  }
}
