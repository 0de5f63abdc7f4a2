import { dayMs, longestWaitMs, rungFor, waitHop, waitSlackMs } from '../wire/delay-rungs.ts'
import type { MessageHeaders } from '../wire/message.ts'

export type Readiness = { readonly kind: 'ready' } | { readonly kind: 'park'; readonly delayMs: number }

/** Whether a delivered message may be worked on, or for how long to park it first: one rung towards its `notBefore`. */
export function decideNotBefore(
  { notBefore, notAfter }: Pick<MessageHeaders, 'notBefore' | 'notAfter'>,
  nowMs: number,
): Readiness {
  const remainingMs = (notBefore ?? nowMs) - nowMs
  if (!(remainingMs > 0)) return { kind: 'ready' }
  const slackMs = notAfter === undefined ? waitSlackMs(remainingMs) : notAfter - (notBefore ?? nowMs)
  // Seen by a clock that is wrong for a moment, it must not be parked for as long as that is wrong.
  return { kind: 'park', delayMs: waitHop(Math.min(remainingMs, longestWaitMs(slackMs)), slackMs) }
}

/** The headers with which a message waits until the instant: the end itself, and how much later will do. */
export function waitUntil(notBefore: number, nowMs: number): { readonly notBefore: number; readonly notAfter: number } {
  return { notBefore, notAfter: notBefore + waitSlackMs(notBefore - nowMs) }
}

/** How to park a retry: one hop when a rung is long enough, otherwise a day at a time until an instant. */
export function decideRetryPark(delayMs: number, nowMs: number): RetryPark {
  if (delayMs <= dayMs) return { delayMs: rungFor(delayMs) }
  return { delayMs: dayMs, ...waitUntil(nowMs + delayMs, nowMs) }
}

export interface RetryPark {
  readonly delayMs: number
  readonly notBefore?: number
  readonly notAfter?: number
}
