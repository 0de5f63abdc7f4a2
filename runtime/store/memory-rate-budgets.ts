import type { BudgetUse } from '../budget/decide/take-permits.ts'
import { pausePermits, takePermits } from '../budget/decide/take-permits.ts'
import type { Clock } from '../clock.ts'
import type { Work } from './memory-store.ts'
import type { RateBudgetStore } from './rate-budget-store.ts'

export function memoryRateBudgets(work: Work, clock: Clock): RateBudgetStore {
  const uses = new Map<string, BudgetUse>()
  return {
    take: (key, ask) =>
      work(() => {
        const { use, answer } = takePermits(uses.get(key), ask, clock.now())
        uses.set(key, use)
        return answer
      }),
    pause: (key, forMs) => work(() => void uses.set(key, pausePermits(uses.get(key), forMs, clock.now()))),
  }
}
