import type { RateBudget } from '../../crds/v1alpha1/app.ts'
import type { BudgetInUse } from '../../crds/v1alpha1/credential.ts'

/** A tenth of a span's requests: what comes at once stays small beside what comes in the span. */
const burstShare = 10

/** An App's rate budget as its users are held to it; undefined where it has none. */
export function budgetInUse(
  app: string | undefined,
  spec: { readonly rateBudget?: RateBudget } | undefined,
): BudgetInUse | undefined {
  const budget = spec?.rateBudget
  if (app === undefined || budget === undefined) return undefined
  const { requests, perSeconds, burst = Math.max(1, Math.floor(requests / burstShare)) } = budget
  return { app, requests, perSeconds, burst }
}
