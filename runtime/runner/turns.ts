/**
 * One after the other, in the order of asking. A queue with a single consumer hands out one message at a time, but after a lost
 * connection it does so again while the message before is still worked on here.
 */
export interface Turns {
  readonly next: () => Turn
}

export interface Turn {
  readonly come: Promise<void>
  readonly end: () => void
}

export function openTurns(): Turns {
  let last = Promise.resolve()
  return {
    next: () => {
      const come = last
      const { promise, resolve } = Promise.withResolvers<void>()
      last = promise
      return { come, end: resolve }
    },
  }
}
