/** How many messages of a budget are away. */
export interface Parked {
  /** @param until milliseconds since 1970 */
  readonly add: (until: number) => void
  readonly count: (now: number) => number
}

export function openParked(): Parked {
  let untils: number[] = []
  let firstUntil = Number.POSITIVE_INFINITY
  return {
    add: (until) => {
      untils.push(until)
      firstUntil = Math.min(firstUntil, until)
    },
    count: (now) => {
      // Looked through only when one of them is back.
      if (firstUntil <= now) {
        untils = untils.filter((until) => until > now)
        firstUntil = Math.min(...untils)
      }
      return untils.length
    },
  }
}
