import type { Logger } from 'pino'
import type { BudgetInUse } from '../../crds/v1alpha1/credential.ts'
import type { Clock } from '../clock.ts'
import type { RateBudgetStore } from '../store/rate-budget-store.ts'
import type { BudgetLine } from './budget-line.ts'
import { openBudgetLine } from './budget-line.ts'

/** Lets requests through as the rate budgets of Apps allow, for all processes that share a store together. */
export interface RateGate {
  /** Undefined: the request may be made now. Otherwise what becomes of it, which never rejects: a store that is silent is waited for. */
  readonly enter: (place: BudgetPlace, wish: EntryWish) => Promise<Entry> | undefined
  /** The App has said that nobody is to ask for so long. Nobody need wait for it to be known. */
  readonly pause: (place: BudgetPlace, forMs: number) => void
  /** Safe to repeat; who waits then is given back. */
  readonly close: () => void
}

/** Whose budget it is. */
export interface BudgetPlace {
  readonly namespace: string
  readonly budget: BudgetInUse
}

export interface EntryWish {
  /** It may be held for so long where a longer wait can be parked. */
  readonly holdMs: number
  /** A longer wait is no message more that is parked. */
  readonly waitsInPlace?: boolean
  /** Gives it up. */
  readonly signal: AbortSignal
}

export type Entry =
  | { readonly kind: 'entered' }
  /** To be tried again then; it has used up nothing. */
  | { readonly kind: 'later'; readonly afterMs: number }
  | { readonly kind: 'givenUp' }

/** What became of requests that did not get a permit with the first answer. */
export type BudgetWaitEnd = 'held' | 'parked' | 'givenBack'

export interface BudgetObserver {
  readonly onBudgetWait?: (namespace: string, app: string, end: BudgetWaitEnd) => void
  /** The store gave no answer about permits. */
  readonly onBudgetUnknown?: (namespace: string, app: string) => void
}

export interface RateGateParts {
  readonly budgets: RateBudgetStore
  readonly clock: Clock
  readonly log: Logger
  readonly observer: BudgetObserver
  /** From 0 to 1: processes must not ask in step. */
  readonly random?: () => number
}

export function openRateGate(parts: RateGateParts): RateGate {
  const lines = new Map<string, BudgetLine>()
  const lineOf = ({ namespace, budget }: BudgetPlace): BudgetLine => {
    const key = `${namespace}/${budget.app}`
    const known = lines.get(key)
    if (known !== undefined) return known
    const line = openBudgetLine(parts, { key, namespace, app: budget.app })
    lines.set(key, line)
    return line
  }
  return {
    enter: (place, wish) => lineOf(place).enter(place.budget, wish),
    pause: (place, forMs) => lineOf(place).pause(forMs),
    close: () => {
      for (const line of lines.values()) line.close()
    },
  }
}
