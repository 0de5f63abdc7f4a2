import type { PermitAnswer, PermitAsk } from '../budget/decide/take-permits.ts'

/** How much of each App's rate budget is used, for all processes that share the store. */
export interface RateBudgetStore {
  /**
   * Takes permits for requests, as `takePermits` decides, by the store's clock. An answer that is lost takes its permits along: that is
   * slower, never faster than the budget.
   */
  readonly take: (key: string, ask: PermitAsk) => Promise<PermitAnswer>
  /** Nobody gets a permit for so long from now; what is left of a longer pause stays. */
  readonly pause: (key: string, forMs: number) => Promise<void>
}
