import { pause, type Clock } from '../../kube/clock.ts'
import type { FloodGate } from './flood-gate.ts'
import type { LazyLink } from './lazy-link.ts'

/** Does some work with the link. */
export type Call<Link> = <Result>(work: (link: Link) => Promise<Result>) => Promise<Result>

export interface GateParts {
  readonly gate: FloodGate
  readonly clock: Clock
  /** For the end: whoever waits is rejected with its reason. */
  readonly signal: AbortSignal
}

export interface Troubles {
  /** As against what is wrong with what was asked for, which is thrown at once. */
  readonly isOfServer: (error: unknown) => boolean
  /** Before the work is tried again; throws what it will not try again for. `tries` counts from 1. */
  readonly mend: (error: unknown, tries: number) => Promise<void>
  /** For each call: gives how long to wait before its next try. */
  readonly pauses: () => () => number
}

/** Work on a server waits at its gate while that is down, and is done again after trouble that is the server's. */
export function callThroughGate<Link>(
  { gate, clock, signal }: GateParts,
  lazy: LazyLink<Link>,
  { isOfServer, mend, pauses }: Troubles,
): Call<Link> {
  return async (work) => {
    const nextPauseMs = pauses()
    for (let tries = 1; ; tries += 1) {
      await gate.whenOpen(signal)
      const { link, release } = lazy.use()
      try {
        return await work(await link())
      } catch (error) {
        if (signal.aborted || !isOfServer(error)) throw error
        await mend(error, tries)
      } finally {
        release()
      }
      await pause(clock, nextPauseMs(), signal)
    }
  }
}
