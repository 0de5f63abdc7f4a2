import { listed } from '../../flow/finding/suggest.ts'
import { UsageError } from '../usage-error.ts'
import type { RevisionRow } from './flow-revisions.ts'

export interface RollbackWish {
  readonly rows: readonly RevisionRow[]
  readonly active: RevisionRow | undefined
  /** The revision that the active one is a copy of. */
  readonly pinned: number | undefined
  /** As typed; the one before without it. */
  readonly to: number | undefined
}

/**
 * The number to pin: the one that was asked for, else the newest that is older than what runs and means something else.
 *
 * @throws {UsageError} that says which are kept, when there is no such one
 */
export function chooseRollback({ rows, active, pinned, to }: RollbackWish): number {
  const kept = rows.filter(({ state }) => state !== 'pending')
  if (to !== undefined) {
    if (kept.some(({ revision }) => revision === to)) return to
    throw new UsageError(`revision ${to} is not kept; there is ${numbers(kept)}`)
  }
  const running = pinned ?? active?.revision ?? Number.POSITIVE_INFINITY
  const older = kept.find(({ revision, hash }) => revision < running && hash !== active?.hash)
  if (older !== undefined) return older.revision
  throw new UsageError(`no older revision is kept${kept.length === 0 ? '' : `; there is ${numbers(kept)}`}`)
}

function numbers(rows: readonly RevisionRow[]): string {
  return rows.length === 0 ? 'none' : listed(rows.map(({ revision }) => String(revision)))
}
