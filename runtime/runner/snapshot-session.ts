import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { SnapshotOwner, SnapshotState, SnapshotStore } from '../store/store.ts'

/** The saved cursor of one queue, as long as this runner is the one that consumes it. */
export interface SnapshotSession {
  /** Takes the snapshot over at the first call. */
  readonly state: () => Promise<SnapshotState>
  /** Writes what a settled message left; `conflict` means that somebody else has taken over: drop all work, acknowledge nothing. */
  readonly settle: (messageId: string, changes: SnapshotChanges) => Promise<'written' | 'conflict'>
  /** Writes in the middle of a long call; the message stays unsettled. */
  readonly checkpoint: (changes: SnapshotChanges) => Promise<'written' | 'conflict'>
}

/** What a call emitted, in order; applied at settlement and dropped on failure. */
export type SnapshotChanges = readonly (
  { readonly kind: 'replace'; readonly value: unknown } | { readonly kind: 'merge'; readonly value: JsonObject }
)[]

const keptSettledIds = 256

export function openSnapshotSession(store: SnapshotStore, queue: string, owner: SnapshotOwner): SnapshotSession {
  let opening: Promise<SnapshotState> | undefined
  const state = (): Promise<SnapshotState> => {
    opening ??= store.open(queue, owner).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  /** One after another: a second write that begins before the first has ended would take that for a stranger's. */
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = (changes: SnapshotChanges, settledId?: string): Promise<'written' | 'conflict'> => {
    const written = last.then(() => write(changes, settledId))
    last = written.catch(() => {}) // its caller is told
    return written
  }
  const write = async (changes: SnapshotChanges, settledId?: string): Promise<'written' | 'conflict'> => {
    const before = await state()
    const value = applyChanges(before.value, changes)
    const settled = settledId === undefined ? before.settled : [...before.settled, settledId].slice(-keptSettledIds)
    const outcome = await store.write(queue, before, { value, settled })
    if (outcome === 'written') {
      opening = Promise.resolve({ epoch: before.epoch, version: before.version + 1, value, settled })
    }
    return outcome
  }
  return {
    state,
    settle: (messageId, changes) => inTurn(changes, messageId),
    checkpoint: (changes) => inTurn(changes),
  }
}

function applyChanges(value: unknown, changes: SnapshotChanges): unknown {
  return changes.reduce(
    (snapshot, change) => (change.kind === 'replace' ? change.value : { ...asObject(snapshot), ...change.value }),
    value,
  )
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}
