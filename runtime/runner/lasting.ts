import type { Clock } from '../clock.ts'
import { sleep } from '../clock.ts'
import { PermanentError, TransientError } from '../error.ts'

/**
 * Does it again until it has worked, across lost connections: for messages whose input is acknowledged, which nobody would give again.
 * Whoever emits them waits, which bounds how many there are.
 *
 * @throws {PermanentError} when trying again is useless
 * @throws {TransientError} `RunnerClosed` when the runner closes before it has worked
 */
export type Lasting = (publish: () => Promise<void>) => Promise<void>

const firstPauseMs = 200
const longestPauseMs = 5000

export function openLasting(clock: Clock, closed: AbortSignal): Lasting {
  return async (publish) => {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        return await publish()
      } catch (error) {
        if (error instanceof PermanentError) throw error
        await sleep(clock, pauseMs, closed).catch(() => {
          throw new TransientError('RunnerClosed', 'the runner has closed', { cause: error })
        })
      }
    }
  }
}
