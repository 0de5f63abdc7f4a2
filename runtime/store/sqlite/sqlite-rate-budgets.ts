import type { DatabaseSync } from 'node:sqlite'
import type { BudgetUse } from '../../budget/decide/take-permits.ts'
import { pausePermits, takePermits } from '../../budget/decide/take-permits.ts'
import type { Clock } from '../../clock.ts'
import type { RateBudgetStore } from '../rate-budget-store.ts'
import type { GroupCommit } from './group-commit.ts'

export function sqliteRateBudgets(database: DatabaseSync, { write }: GroupCommit, clock: Clock): RateBudgetStore {
  const select = database.prepare(
    'SELECT free_at AS freeAt, paused_at AS pausedAt, paused_ms AS pausedMs FROM rate_budgets WHERE key = ?',
  )
  const replace = database.prepare(
    'INSERT OR REPLACE INTO rate_budgets (key, free_at, paused_at, paused_ms) VALUES (?, ?, ?, ?)',
  )
  const useOf = (key: string): BudgetUse | undefined => select.get(key) as BudgetUse | undefined // the columns of the statement
  const keep = (key: string, { freeAt, pausedAt, pausedMs }: BudgetUse): void => {
    replace.run(key, freeAt, pausedAt, pausedMs)
  }
  return {
    take: (key, ask) =>
      write(() => {
        const { use, answer } = takePermits(useOf(key), ask, clock.now())
        keep(key, use)
        return answer
      }),
    pause: (key, forMs) => write(() => keep(key, pausePermits(useOf(key), forMs, clock.now()))),
  }
}
