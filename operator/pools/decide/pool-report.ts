import type { Refusal } from './restricted-context.ts'

/** What came of the last look at a pool, for the status of its component. */
export interface PoolReport {
  readonly namespace: string
  readonly pool: string
  readonly trouble?: PoolTrouble
  readonly refused: readonly Refusal[]
}

/** Why a pool is not as it should be; a reason of a condition, and words. */
export interface PoolTrouble {
  readonly reason: PoolReason
  readonly message: string
  /** Trying again is useless until somebody changes something. */
  readonly isFinal: boolean
}

export type PoolReason =
  | 'ComponentNotFound'
  | 'ProtocolUnsupported'
  | 'SourceTooLarge'
  | 'TenantNotReady'
  | 'SecretAccessDenied'
  | 'PodTemplateInvalid'
  | 'PoolRefused'
  | 'PoolNotApplied'
