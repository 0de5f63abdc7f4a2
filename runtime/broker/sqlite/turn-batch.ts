import type { GroupCommit } from '../../store/sqlite/group-commit.ts'
import type { PublishOutcome } from '../broker.ts'
import type { Trouble } from './trouble.ts'

/** Adds messages to a database: what comes in one turn of the event loop is one piece of work, with one promise for all. */
export interface TurnBatch {
  /** Resolves when it is committed; by then it was admitted. */
  readonly add: (addition: Addition) => Promise<PublishOutcome>
}

export interface Addition {
  /** Within the transaction. */
  readonly insert: () => void
  /** At once after it, in the order of the insertions. */
  readonly admit: () => void
}

/** @param write commits a piece of work in a later turn */
export function turnBatch(write: GroupCommit['write'], trouble: Trouble): TurnBatch {
  let gathering: { readonly additions: Addition[]; readonly outcome: Promise<PublishOutcome> } | undefined
  const gather = (): NonNullable<typeof gathering> => {
    const additions: Addition[] = []
    const insertAll = (): void => {
      gathering = undefined
      for (const addition of additions) addition.insert()
    }
    const admitAll = (): void => {
      for (const addition of additions) addition.admit()
    }
    return { additions, outcome: commit(insertAll, admitAll) }
  }
  const commit = async (insertAll: () => void, admitAll: () => void): Promise<PublishOutcome> => {
    try {
      await write(insertAll, admitAll)
      trouble.clear()
      return 'confirmed'
    } catch (error) {
      trouble.note(error)
      throw error
    }
  }
  return {
    add: (addition) => {
      gathering ??= gather()
      gathering.additions.push(addition)
      return gathering.outcome
    },
  }
}
