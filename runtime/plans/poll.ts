import type { Clock } from '../clock.ts'

/** Does something again and again, with a pause in between; what it does must not reject. */
export interface Poll {
  /** Resolves when nothing is under way any more. Safe to repeat. */
  readonly close: () => Promise<void>
}

export function openPoll(
  { clock, everyMs }: { readonly clock: Clock; readonly everyMs: number },
  look: () => Promise<void>,
): Poll {
  let isClosed = false
  let looking: Promise<void> | undefined
  let cancel = (): void => {}
  const lookOnce = async (): Promise<void> => {
    await look()
    arm()
  }
  const arm = (): void => {
    if (isClosed) return
    cancel = clock.setTimer(everyMs, () => {
      looking = lookOnce()
    })
  }
  arm()
  return {
    close: async () => {
      isClosed = true
      cancel()
      await looking
    },
  }
}
