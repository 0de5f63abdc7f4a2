/** How many messages are parked, in all and for each queue. */
export interface ParkedCounts {
  readonly add: (queue: string, by: 1 | -1) => void
  readonly total: () => number
  readonly countFor: (queue: string) => number
}

export function parkedCounts(parked: ReadonlyMap<string, number> = new Map()): ParkedCounts {
  const counts = new Map(parked)
  let total = parked.values().reduce((sum, one) => sum + one, 0)
  return {
    add: (queue, by) => {
      total += by
      const left = (counts.get(queue) ?? 0) + by
      if (left === 0) counts.delete(queue)
      else counts.set(queue, left)
    },
    total: () => total,
    countFor: (queue) => counts.get(queue) ?? 0,
  }
}
