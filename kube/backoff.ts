export interface BackoffPolicy {
  readonly firstMs: number
  readonly factor: number
  readonly longestMs: number
}

/** How long to wait, longer each time until it is reset. Any pause up to the present bound is as likely as another, so that many clients come apart. */
export interface Backoff {
  readonly nextMs: () => number
  readonly reset: () => void
}

/** @param random from 0 up to 1 */
export function openBackoff({ firstMs, factor, longestMs }: BackoffPolicy, random: () => number): Backoff {
  let failures = 0
  return {
    nextMs: () => {
      const bound = Math.min(longestMs, firstMs * factor ** failures)
      failures += 1
      return random() * bound
    },
    reset: () => {
      failures = 0
    },
  }
}
