import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../clock.ts'

/** Long work in slices. */
export interface Turns {
  /** To be waited for before each piece: resolves at once, or after the event loop has turned when it was held for so long. */
  readonly next: () => Promise<void>
}

/**
 * What waits for nothing but promises that are settled already never lets timers and the network have their turn, however often it says `await`: thousands
 * of pieces become one.
 */
export function openTurns(clock: Pick<Clock, 'elapsed'>, sliceMs = 10): Turns {
  let since = clock.elapsed()
  let turning: Promise<void> | undefined
  const turn = async (): Promise<void> => {
    await setImmediate()
    since = clock.elapsed()
    turning = undefined
  }
  return {
    next: async () => {
      if (turning === undefined && clock.elapsed() - since >= sliceMs) turning = turn()
      await turning
    },
  }
}
