import type { SharedLane } from './shared-lane.ts'

/** Follows one call on its way into the child and out. */
export interface CallStart {
  readonly onStart: () => void
  readonly onEnd: () => void
  readonly hasStarted: () => boolean
}

/** Of a call that competes with no other step. */
export function ownStart(): CallStart {
  let hasStarted = false
  return { onStart: () => void (hasStarted = true), onEnd: () => {}, hasStarted: () => hasStarted }
}

export function startIn(lane: SharedLane): CallStart {
  let hasStarted = false
  lane.waiting += 1
  return {
    hasStarted: () => hasStarted,
    onStart: () => {
      hasStarted = true
      lane.waiting -= 1
      lane.running += 1
    },
    onEnd: () => {
      if (hasStarted) lane.running -= 1
      else lane.waiting -= 1
    },
  }
}
