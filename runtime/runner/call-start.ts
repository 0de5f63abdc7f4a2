import type { SharedLane } from './shared-lane.ts'

/** Follows one call on its way into the child and out. */
export class CallStart {
  hasStarted = false
  readonly #lane: SharedLane | undefined

  /** @param lane of a call that competes with other steps for a place in one child */
  constructor(lane: SharedLane | undefined) {
    this.#lane = lane
    if (lane !== undefined) lane.waiting += 1
  }

  readonly onStart = (): void => {
    this.hasStarted = true
    if (this.#lane === undefined) return
    this.#lane.waiting -= 1
    this.#lane.running += 1
  }

  onEnd(): void {
    if (this.#lane === undefined) return
    if (this.hasStarted) this.#lane.running -= 1
    else this.#lane.waiting -= 1
  }
}
