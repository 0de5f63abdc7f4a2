import type { ReadAheadWindow } from '../decide/read-ahead.ts'
import { decideReadAhead, firstReadAhead } from '../decide/read-ahead.ts'

/** Follows how fast one queue's messages go through, and says how many of them to hold. */
export interface ReadAhead {
  readonly current: () => number
  readonly onBegin: (nowMs: number) => void
  /** Gives another number when it changes. */
  readonly onEnd: (nowMs: number) => number | undefined
  /** There was no place for what was held: from now on one message is. Gives the number when it changes. */
  readonly onNoPlace: () => number | undefined
}

/** Between decisions. */
const windowMs = 200
/** Nothing was under way for so long: the queue was empty, which says nothing of the step. Less may be the broker's way to us. */
const idleMs = 100
/** It is lowered when fewer would have done for so long. */
const lowMs = 2000

/** @param concurrency asked at each decision, since a revision may change it */
export function openReadAhead(concurrency: () => number | undefined): ReadAhead {
  let current = firstReadAhead(concurrency())
  let beganAtMs = 0
  let lowSinceMs: number | undefined
  let endedAtMs = Number.NEGATIVE_INFINITY
  let underWay = 0
  let held = 0
  let ended = 0

  const beginWindow = (nowMs: number): void => {
    beganAtMs = nowMs
    ended = 0
    held = underWay
  }
  /** One slow moment is no slow step: a change makes the broker begin anew with the consumer. */
  const settle = (next: number, nowMs: number): number | undefined => {
    if (next >= current) lowSinceMs = undefined
    else lowSinceMs ??= nowMs
    if (lowSinceMs !== undefined && nowMs - lowSinceMs < lowMs) return undefined
    lowSinceMs = undefined
    return change(next)
  }
  const change = (next: number): number | undefined => {
    if (next === current) return undefined
    current = next
    return next
  }
  return {
    current: () => current,
    onBegin: (nowMs) => {
      if (underWay === 0 && nowMs - endedAtMs > idleMs) beginWindow(nowMs)
      underWay += 1
      if (underWay > held) held = underWay
    },
    onEnd: (nowMs) => {
      underWay -= 1
      ended += 1
      endedAtMs = nowMs
      if (nowMs - beganAtMs < windowMs) return undefined
      const seen: ReadAheadWindow = { current, concurrency: concurrency(), ended, held, windowMs: nowMs - beganAtMs }
      beginWindow(nowMs)
      return settle(decideReadAhead(seen), nowMs)
    },
    onNoPlace: () => change(1),
  }
}
