import type { PlanOnError, PlanRetry } from '../../flow/plan/plan.ts'
import { dayMs } from '../wire/delay-rungs.ts'

/** What is known of a failed attempt. */
export interface Failure {
  readonly code: string
  readonly message: string
  /** Trying again is useless. */
  readonly permanent?: boolean
  /** Not the message's fault: it waits for this long, and no attempt is spent. */
  readonly retryAfterSeconds?: number
}

export interface FailedAttempt {
  readonly failure: Failure
  /** 1 is the first. */
  readonly attempt: number
  readonly onError: PlanOnError
}

/** What becomes of a message whose attempt failed. */
export type FailureSettlement = RetrySettlement | FinalSettlement

export interface RetrySettlement {
  readonly kind: 'retry'
  /** Before it is rounded to a rung. */
  readonly delayMs: number
  /** The next delivery counts one attempt more. */
  readonly spendsAttempt: boolean
}

export type FinalSettlement =
  | { readonly kind: 'deadLetter'; readonly code: string; readonly message: string }
  | { readonly kind: 'discard' }
  /** As it was, with the error in its metadata, along the edge with this key. */
  | { readonly kind: 'divert'; readonly to: string; readonly key: string }

/** Retries while attempts are left and trying can help; after that the message goes where `onError` says. */
export function decideFailure({ failure, attempt, onError }: FailedAttempt): FailureSettlement {
  if (failure.permanent === true) return finalSettlement(failure, onError)
  const waitMs = askedDelayMs(failure.retryAfterSeconds)
  if (waitMs !== undefined) return { kind: 'retry', delayMs: waitMs, spendsAttempt: false }
  if (attempt >= onError.retry.maxAttempts) return finalSettlement(failure, onError)
  return { kind: 'retry', delayMs: backoffSeconds(attempt, onError.retry) * 1000, spendsAttempt: true }
}

/** Seconds to wait after a failed attempt: the initial delay, multiplied by the factor for each attempt before, never above the maximum. */
export function backoffSeconds(attempt: number, { initialDelaySeconds, maxDelaySeconds, factor }: PlanRetry): number {
  return Math.min(initialDelaySeconds * factor ** (attempt - 1), maxDelaySeconds)
}

export interface ReboundAttempt {
  /** Rebounds of this message before this one. */
  readonly iteration: number
  readonly reason: string
  readonly onError: PlanOnError
}

export type ReboundSettlement = (RetrySettlement & { readonly iteration: number }) | FinalSettlement

/** A component asked for its message again: 15 s, doubled each time. It spends no attempt, so it has a limit of its own, 20. */
export function decideRebound({ iteration, reason, onError }: ReboundAttempt): ReboundSettlement {
  const next = iteration + 1
  if (next > reboundLimit) {
    const message = `the component asked for the message again more than ${reboundLimit} times, at last: ${reason}`
    return finalSettlement({ code: 'ReboundLimitExceeded', message }, onError)
  }
  return { kind: 'retry', delayMs: firstReboundMs * 2 ** iteration, spendsAttempt: false, iteration: next }
}

const firstReboundMs = 15_000
const reboundLimit = 20
/** A component that always says "after 0 seconds" must not keep its queue spinning. */
const leastAskedSeconds = 1

function askedDelayMs(seconds: number | undefined): number | undefined {
  if (seconds === undefined || !(seconds >= 0)) return undefined
  return Math.min(Math.max(seconds, leastAskedSeconds) * 1000, dayMs)
}

function finalSettlement({ code, message }: Failure, onError: PlanOnError): FinalSettlement {
  if (onError.to !== undefined) return { kind: 'divert', to: onError.to.step, key: onError.to.key }
  return onError.then === 'discard' ? { kind: 'discard' } : { kind: 'deadLetter', code, message }
}
