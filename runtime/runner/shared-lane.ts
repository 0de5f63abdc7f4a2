/**
 * How far the calls of all steps that share one child hold each other up. A call that waits for room in a queue keeps its
 * place in the child; when all that run there do so, and what would make room waits for a place, nobody would ever go on.
 */
export interface SharedLane {
  waiting: number
  running: number
  /** Of those that run: they wait for room in a queue that the same child would have to make. */
  blocked: number
}

export type SharedLanes = (key: string) => SharedLane

export function sharedLanes(): SharedLanes {
  const lanes = new Map<string, SharedLane>()
  return (key) => {
    const known = lanes.get(key)
    if (known !== undefined) return known
    const lane = { waiting: 0, running: 0, blocked: 0 }
    lanes.set(key, lane)
    return lane
  }
}

export function isDeadlocked({ waiting, running, blocked }: SharedLane): boolean {
  return waiting > 0 && blocked >= running
}
