import type { ExpressionLimits } from '../expression.ts'
import { Fault } from './fault.ts'

/** What one evaluation has used up, and what it may. */
export interface Budget {
  readonly limits: ExpressionLimits
  readonly startedAtMs: number
  /** Steps that may pass before the clock is looked at again. */
  stepsLeft: number
  taken: number
  depth: number
  built: number
  written: number
}

/** A limit of a list's elements allows a text of so many times as many characters. */
const charactersPerElement = 10
/** All that one evaluation builds, most of it soon forgotten, may come to so many times what one value may. */
const valuesAtATime = 5
const stepsPerClock = 256
/** What has not even come so far has not run long but has waited: for a processor, or for a machine that slept. */
const leastStepsPerMs = 20

export const standardLimits: ExpressionLimits = { timeMs: 1_000, depth: 250, size: 1_000_000 }

export function openBudget(limits: ExpressionLimits): Budget {
  return { limits, startedAtMs: performance.now(), stepsLeft: stepsPerClock, taken: 0, depth: 0, built: 0, written: 0 }
}

/** To be called in every loop and by every call: what takes no step cannot be stopped. */
export function spendSteps(budget: Budget, count = 1): void {
  budget.stepsLeft -= count
  if (budget.stepsLeft > 0) return
  budget.taken += stepsPerClock - budget.stepsLeft
  budget.stepsLeft = stepsPerClock
  const { timeMs } = budget.limits
  if (budget.taken > timeMs * leastStepsPerMs && performance.now() - budget.startedAtMs > timeMs) {
    throw new Fault('ExpressionTimedOut', {
      text: `it took longer than ${timeMs} ms; look for an endless recursion, or work on smaller pieces`,
    })
  }
}

/** To be called before so many elements or members are built. */
export function spendElements(budget: Budget, count = 1): void {
  const { size } = budget.limits
  budget.built += count
  // Not a number is too large, too.
  if (!(count <= size && budget.built <= size * valuesAtATime)) throw tooLarge(`more than ${size} values`)
  spendSteps(budget, count >> 4)
}

/** To be called before a text of so many characters is built. */
export function spendCharacters(budget: Budget, count: number): void {
  const most = mostCharacters(budget)
  budget.written += count
  if (!(count <= most && budget.written <= most * valuesAtATime)) throw tooLarge(`more than ${most} characters`)
  spendSteps(budget, count >> 8)
}

export function mostCharacters({ limits }: Budget): number {
  return limits.size * charactersPerElement
}

export function tooLarge(what: string): Fault {
  return new Fault('ExpressionTooLarge', {
    text: `it makes ${what}; work on smaller pieces, or split the message first`,
  })
}

export function descend(budget: Budget): void {
  const { depth } = budget.limits
  if (++budget.depth > depth) {
    const advice = 'write the call last, so that it needs no depth, or use $reduce'
    throw new Fault('ExpressionTooDeep', { text: `functions call each other more than ${depth} deep; ${advice}` })
  }
  spendSteps(budget)
}

export function ascend(budget: Budget): void {
  budget.depth--
}
