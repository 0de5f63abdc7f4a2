import type { GroupCommit } from '../../store/sqlite/group-commit.ts'
import type { PublishOutcome } from '../broker.ts'
import type { Trouble } from './trouble.ts'

/** Adds messages to a database: what comes in one turn of the event loop is one piece of work, with one promise for all. */
export interface TurnBatch {
  /** Resolves when it is committed; by then it was admitted. */
  readonly add: (addition: Addition) => Promise<PublishOutcome>
  /** How many are neither safe nor refused. */
  readonly underWay: () => number
}

export interface Addition {
  /** Within the transaction. */
  readonly insert: () => void
  /** At once after it, in the order of the insertions. */
  readonly admit: () => void
}

export interface TurnBatchParts {
  /** Commits a piece of work in a later turn. */
  readonly write: GroupCommit['write']
  readonly trouble: Trouble
  /** Told when additions are no longer under way. */
  readonly onMoved: () => void
}

export function turnBatch({ write, trouble, onMoved }: TurnBatchParts): TurnBatch {
  let underWay = 0
  let gathering: { readonly additions: Addition[]; readonly outcome: Promise<PublishOutcome> } | undefined
  const gather = (): NonNullable<typeof gathering> => {
    const additions: Addition[] = []
    const insertAll = (): void => {
      gathering = undefined
      for (const addition of additions) addition.insert()
    }
    const admitAll = (): void => {
      underWay -= additions.length
      for (const addition of additions) addition.admit()
    }
    const refuse = (error: unknown): never => {
      // The transaction may have ended before it came to this: nobody is to wait for it again.
      if (gathering === gathered) gathering = undefined
      underWay -= additions.length
      trouble.note(error)
      onMoved()
      throw error
    }
    const gathered = { additions, outcome: write(insertAll, admitAll).then(confirm, refuse) }
    return gathered
  }
  const confirm = (): PublishOutcome => {
    trouble.clear()
    onMoved()
    return 'confirmed'
  }
  return {
    add: (addition) => {
      gathering ??= gather()
      gathering.additions.push(addition)
      underWay += 1
      return gathering.outcome
    },
    underWay: () => underWay,
  }
}
