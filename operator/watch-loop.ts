import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '../kube/clock.ts'

/** Says whether this process answers in time: whoever does not is no good leader, and should get no probe's blessing. */
export interface LoopWatch {
  /** The longest that anything has waited for the event loop in the last ten to twenty seconds. */
  readonly stalledMs: () => number
  readonly close: () => void
}

const windowMs = 10_000
const resolutionMs = 20
const nanosecondsInMs = 1e6

export function watchLoop(clock: Clock): LoopWatch {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  let before = 0
  let cancel = (): void => {}
  const turn = (): void => {
    before = delay.max / nanosecondsInMs
    delay.reset()
    cancel = clock.setTimer(windowMs, turn)
  }
  delay.enable()
  cancel = clock.setTimer(windowMs, turn)
  return {
    stalledMs: () => Math.max(before, delay.max / nanosecondsInMs),
    close: () => {
      cancel()
      delay.disable()
    },
  }
}
