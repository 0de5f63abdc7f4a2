/** When a flow is to be looked at again. */
export interface Due {
  /** Milliseconds since 1970. */
  readonly at: number
  /** What was seen does not hold for long: who comes late begins anew. */
  readonly isPressing?: boolean
}

/** The earlier one; it presses when one of them does. */
export function sooner(left: Due, right: Due): Due {
  return { at: Math.min(left.at, right.at), isPressing: left.isPressing === true || right.isPressing === true }
}
