import type { BudgetObserver, BudgetWaitEnd } from '../budget/rate-gate.ts'

/** What the rate budget of one App has meant to this process, in plain numbers. */
export interface BudgetMeter {
  readonly namespace: string
  readonly app: string
  readonly waits: Record<BudgetWaitEnd, number>
  /** Times that the store gave no answer about permits. */
  unknown: number
}

export interface BudgetMeters {
  readonly all: () => Iterable<BudgetMeter>
  readonly observer: Required<BudgetObserver>
}

const mostMeters = 1000

/** @param limit Apps that are told apart; those that come after are counted together, under `_other` */
export function budgetMeters(limit = mostMeters): BudgetMeters {
  const meters = new Map<string, BudgetMeter>()
  const meterOf = (namespace: string, app: string): BudgetMeter => {
    const key = `${namespace}/${app}`
    const known = meters.get(key)
    if (known !== undefined) return known
    if (meters.size >= limit && app !== '_other') return meterOf('_other', '_other')
    const meter = { namespace, app, waits: { held: 0, parked: 0, givenBack: 0 }, unknown: 0 }
    meters.set(key, meter)
    return meter
  }
  return {
    all: () => meters.values(),
    observer: {
      onBudgetWait: (namespace, app, end) => {
        meterOf(namespace, app).waits[end] += 1
      },
      onBudgetUnknown: (namespace, app) => {
        meterOf(namespace, app).unknown += 1
      },
    },
  }
}
