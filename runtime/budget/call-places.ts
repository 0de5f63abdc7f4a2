/** So many calls of a child at a time: one that has its permit must not wait in line behind others, or permits would be used all at once. */
export interface CallPlaces {
  /** Undefined: there is a place. Otherwise resolves when there is, or with false when it was given up before. */
  readonly enter: (key: string, most: number, signal: AbortSignal) => Promise<boolean> | undefined
  readonly leave: (key: string) => void
}

interface Lane {
  running: number
  readonly waiting: Set<() => void>
}

export function callPlaces(): CallPlaces {
  const lanes = new Map<string, Lane>()
  return {
    enter: (key, most, signal) => {
      const lane = lanes.get(key) ?? { running: 0, waiting: new Set() }
      lanes.set(key, lane)
      if (lane.running < most) {
        lane.running += 1
        return undefined
      }
      return new Promise((resolve) => {
        const giveUp = (): void => {
          if (lane.waiting.delete(enter)) resolve(false)
        }
        const enter = (): void => {
          signal.removeEventListener('abort', giveUp)
          resolve(true)
        }
        if (signal.aborted) return resolve(false)
        lane.waiting.add(enter)
        signal.addEventListener('abort', giveUp, { once: true })
      })
    },
    leave: (key) => {
      const lane = lanes.get(key)
      if (lane === undefined) return
      const [next] = lane.waiting
      if (next === undefined) {
        lane.running -= 1
        if (lane.running === 0) lanes.delete(key)
        return
      }
      // The place goes on to the next.
      lane.waiting.delete(next)
      next()
    },
  }
}
