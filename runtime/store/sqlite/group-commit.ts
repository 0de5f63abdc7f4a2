import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import type { StoreHealth } from '../store.ts'
import { closedHealth, storeClosed } from '../store-closed.ts'
import { toStoreError } from './sqlite-error.ts'

/**
 * The work on a database: what is asked for in one turn of the event loop becomes one transaction, since a commit that is
 * on disk takes milliseconds whatever is in it. Each piece of work is all or nothing, by itself.
 */
export interface GroupCommit {
  /**
   * Resolves when the work is on disk.
   *
   * @param onCommitted called before that, within the same turn, in the order of the works; must not throw
   */
  readonly write: <Result>(work: () => Result, onCommitted?: () => void) => Promise<Result>
  /** Survives the end of the process at once, that of the machine some time later. For what may be lost. */
  readonly writeRelaxed: <Result>(work: () => Result, onCommitted?: () => void) => Promise<Result>
  /**
   * Done before it returns, and as lasting as `writeRelaxed`; all or nothing.
   *
   * @throws {Error} as the others reject
   */
  readonly writeNow: (work: () => void) => void
  readonly read: <Result>(work: () => Result) => Promise<Result>
  /** Not ready since the first of the commits that failed in a row. */
  readonly health: () => StoreHealth
  /** Commits what is pending; then every call rejects. Safe to repeat. */
  readonly close: () => void
}

type Trouble = Extract<StoreHealth, { kind: 'unreachable' }>

interface PendingWork {
  readonly isDurable: boolean
  /** Gives what tells the caller, once the transaction is committed. */
  readonly run: () => () => void
  readonly reject: (reason: Error) => void
}

export function groupCommit(database: DatabaseSync, clock: Clock): GroupCommit {
  let pending: PendingWork[] = []
  let isClosed = false
  let trouble: Trouble | undefined

  const commitPending = (): void => {
    const works = pending
    pending = []
    if (works.length > 0) note(commit(database, works))
  }
  const note = (failure: Error | undefined): void => {
    trouble = failure && { kind: 'unreachable', since: trouble?.since ?? clock.now(), reason: failure.message }
  }
  const enqueue = <Result>(isDurable: boolean, work: () => Result, onCommitted?: () => void): Promise<Result> => {
    if (isClosed) return Promise.reject(storeClosed())
    const { promise, ...asked } = pendingWork(work, onCommitted)
    pending.push({ isDurable, ...asked })
    if (pending.length === 1) setImmediate(commitPending)
    return promise
  }
  return {
    write: (work, onCommitted) => enqueue(true, work, onCommitted),
    writeRelaxed: (work, onCommitted) => enqueue(false, work, onCommitted),
    writeNow: (work) => {
      if (isClosed) throw storeClosed()
      const failure = commitNow(database, work)
      note(failure)
      if (failure !== undefined) throw failure
    },
    read: async (work) => {
      if (isClosed) throw storeClosed()
      try {
        return work()
      } catch (error) {
        throw toStoreError(error)
      }
    },
    health: () => trouble ?? { kind: 'ready' },
    close: () => {
      if (isClosed) return
      commitPending()
      isClosed = true
      trouble = closedHealth(clock.now())
      database.close()
    },
  }
}

function pendingWork<Result>(
  work: () => Result,
  onCommitted: (() => void) | undefined,
): Omit<PendingWork, 'isDurable'> & { readonly promise: Promise<Result> } {
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  const run = (): (() => void) => {
    const result = work()
    return () => {
      onCommitted?.()
      resolve(result)
    }
  }
  return { promise, run, reject }
}

/** Gives what kept it from committing. */
function commit(database: DatabaseSync, works: readonly PendingWork[]): Error | undefined {
  const answers: (() => void)[] = []
  try {
    const isDurable = works.some((work) => work.isDurable)
    database.exec(`PRAGMA synchronous = ${isDurable ? 'FULL' : 'NORMAL'}; BEGIN IMMEDIATE`)
    for (const work of works) answers.push(runAlone(database, work))
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    const reason = toStoreError(error)
    for (const { reject } of works) reject(reason)
    return reason
  }
  for (const answer of answers) answer()
  return undefined
}

function commitNow(database: DatabaseSync, work: () => void): Error | undefined {
  try {
    database.exec('PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE')
    work()
    database.exec('COMMIT')
    return undefined
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    return toStoreError(error)
  }
}

/** Takes back what a failed piece of work has done so far, and nothing else of the transaction. */
function runAlone(database: DatabaseSync, { run, reject }: PendingWork): () => void {
  database.exec('SAVEPOINT work')
  try {
    return run()
  } catch (error) {
    // A full disk, for one, ends the whole transaction.
    if (!database.isTransaction) throw error
    database.exec('ROLLBACK TO work')
    return () => reject(toStoreError(error))
  } finally {
    if (database.isTransaction) database.exec('RELEASE work')
  }
}
