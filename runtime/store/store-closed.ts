import { TransientError } from '../error.ts'
import type { StoreHealth } from './store.ts'

const reason = 'the store is closed'

export function storeClosed(): TransientError {
  return new TransientError('StoreClosed', reason)
}

export function closedHealth(since: number): Extract<StoreHealth, { kind: 'unreachable' }> {
  return { kind: 'unreachable', since, reason }
}
