import type { BudgetInUse } from '../../../crds/v1alpha1/credential.ts'
import type { PermitAsk } from './take-permits.ts'

/** A budget in the measures of a store. */
export type PermitTerms = Pick<PermitAsk, 'intervalMs' | 'burst' | 'aheadMs'>

const leastAheadMs = 100
const mostAheadMs = 1000

/** Permits are taken for a tenth of the span, at least 0.1 s and at most 1 s: what is taken and not used in that time is lost. */
export function permitTerms({ requests, perSeconds, burst }: BudgetInUse): PermitTerms {
  const spanMs = perSeconds * 1000
  return { intervalMs: spanMs / requests, burst, aheadMs: Math.min(Math.max(spanMs / 10, leastAheadMs), mostAheadMs) }
}

export interface PermitNeed {
  /** Requests that wait. */
  readonly waiting: number
  /** Permits that are there for them. */
  readonly inStock: number
  /** Permits that were used in the last `aheadMs`. */
  readonly used: number
}

/** At most half of what one could get: others may need some. To spare as many as were just used, so that not each request asks for itself. */
export function planAsk(terms: PermitTerms, { waiting, inStock, used }: PermitNeed): PermitAsk {
  const { intervalMs, burst, aheadMs } = terms
  const most = Math.max(1, Math.floor(Math.max(burst, aheadMs / intervalMs) / 2))
  const wanted = Math.min(Math.max(0, waiting - inStock), most)
  return { ...terms, wanted, spare: Math.min(used, most - wanted) }
}
