import { pause, type Clock } from '../../kube/clock.ts'
import type { FloodGate } from '../tenants/flood-gate.ts'

/** Changes of flows that are under way, one at a time for each flow. */
export interface Changing {
  /**
   * Does the work, and waits for it as long as the servers are there. While one is not, the work goes on in the background until it is back, and nothing
   * else is begun for this flow.
   *
   * @returns whether it is held up: it is not done yet
   * @throws what the work throws
   */
  readonly run: (flow: string, signal: AbortSignal, work: () => Promise<void>) => Promise<boolean>
}

export interface ChangingParts {
  readonly gates: readonly FloodGate[]
  readonly clock: Clock
  /** Told when work that was held up has ended, however. Must not throw. */
  readonly onEnd: (flow: string, error: unknown) => void
}

/** What needs no server that is down is done by then. */
const graceMs = 1_000

export function openChanging({ gates, clock, onEnd }: ChangingParts): Changing {
  const held = new Set<string>()
  return {
    run: async (flow, signal, work) => {
      if (held.has(flow)) return true
      const watching = new AbortController()
      const working = work().then(() => 'done' as const)
      const hold = untilClosed(gates, clock, AbortSignal.any([signal, watching.signal])).then(() => 'held' as const)
      try {
        if ((await Promise.race([working, hold])) === 'done') return false
      } finally {
        watching.abort()
      }
      held.add(flow)
      const end = (error?: unknown): void => {
        held.delete(flow)
        onEnd(flow, error)
      }
      working.then(() => end(), end)
      return true
    },
  }
}

/** Resolves a moment after one of them was closed, or when the signal is aborted. */
async function untilClosed(gates: readonly FloodGate[], clock: Clock, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (): void => {
    if (signal.aborted || gates.some((gate) => gate.trouble() !== undefined)) resolve()
  }
  const ends = gates.map((gate) => gate.onChange(look))
  signal.addEventListener('abort', look, { once: true })
  look()
  await promise
  for (const end of ends) end()
  signal.removeEventListener('abort', look)
  await pause(clock, graceMs, signal)
}
