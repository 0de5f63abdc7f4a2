import type { Logger } from 'pino'

/** Tells of what goes wrong each time it is looked at, once. */
export interface Complaints {
  /** Resolves when the reading has ended, well or not. */
  readonly over: (reading: Promise<void>) => Promise<void>
}

export function openComplaints(log: Logger): Complaints {
  let last: string | undefined
  return {
    over: async (reading) => {
      try {
        await reading
        if (last !== undefined) log.info({}, 'plans can be read again')
        last = undefined
      } catch (err) {
        const text = String(err)
        if (text !== last) log.warn({ err }, 'plans not read, the last ones stay')
        last = text
      }
    },
  }
}
