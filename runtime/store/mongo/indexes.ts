import type { Db } from 'mongodb'
import type { Logger } from 'pino'
import type { MongoRetention } from '../retention.ts'
import { indexChanges, type Index, type KnownIndex } from './decide/index-changes.ts'

/** What the parts look for, and what the server forgets by itself. */
function indexesOf({ observedMs }: MongoRetention): Readonly<Record<string, readonly Index[]>> {
  const observed = { expireAfterSeconds: Math.ceil(observedMs / 1000) }
  const expiring: Index = { key: { expiresAt: 1 }, expireAfterSeconds: 0 }
  const chunks: Index = { key: { files_id: 1, n: 1 }, unique: true }
  return {
    snapshots: [{ key: { owner: 1, written: -1 } }],
    deadLetters: [
      { key: { diedAt: -1, order: -1 } },
      { key: { flow: 1, diedAt: -1, order: -1 } },
      { key: { run: 1 } },
      expiring,
    ],
    'deadLetterBodies.files': [expiring],
    'deadLetterBodies.chunks': [chunks, expiring],
    runs: [{ key: { startedAt: -1 } }, { key: { flow: 1, startedAt: -1 } }, { key: { at: 1 }, ...observed }],
    stepEvents: [{ key: { run: 1, at: 1 } }, { key: { keptAt: 1 }, ...observed }],
    observations: [
      { key: { runKeys: 1, at: 1 } },
      { key: { flows: 1, lastStartedAt: -1 } },
      { key: { lastStartedAt: -1 }, partialFilterExpression: { lastStartedAt: { $exists: true } } },
      { key: { at: 1 }, ...observed },
    ],
    fires: [
      { key: { at: 1 }, partialFilterExpression: { state: 'due' } },
      { key: { flow: 1, trigger: 1, at: -1 } },
      expiring,
    ],
    claims: [expiring],
    plans: [{ key: { flow: 1, revision: -1 }, unique: true }],
    trackedRuns: [expiring],
    trackedMessages: [{ key: { flow: 1, run: 1 } }, expiring],
    trials: [expiring],
    rateBudgets: [expiring],
    members: [expiring],
    'blobs.files': [expiring],
    'blobs.chunks': [chunks, expiring],
  }
}

/**
 * Safe to repeat, and in several processes at once. What is there is left as it is, so that who may only look can open a database that another has
 * prepared. A time to live that has changed takes the place of the old one, where the user may do that.
 */
export async function createIndexes(database: Db, { retention, log }: IndexParts): Promise<void> {
  const creating = Object.entries(indexesOf(retention)).map(async ([name, indexes]) => {
    const { missing, outdated } = indexChanges(indexes, await knownIndexes(database, name))
    for (const index of outdated) await changeLifetime({ database, log }, name, index)
    if (missing.length === 0) return
    try {
      await database.collection(name).createIndexes([...missing])
    } catch (error) {
      if (!isOptionsConflict(error)) throw error
      for (const index of missing) await createOrChange({ database, log }, name, index)
    }
  })
  await Promise.all(creating)
}

/** None of a collection that is not there, and none that may not be looked at. */
async function knownIndexes(database: Db, collection: string): Promise<readonly KnownIndex[]> {
  try {
    return await database.collection(collection).indexes()
  } catch (error) {
    if ([namespaceNotFound, unauthorized].includes(Number(codeOf(error)))) return []
    throw error
  }
}

export interface IndexParts {
  readonly retention: MongoRetention
  readonly log: Logger
}

interface IndexPlace {
  readonly database: Db
  readonly log: Logger
}

async function createOrChange({ database, log }: IndexPlace, collection: string, index: Index): Promise<void> {
  try {
    await database.collection(collection).createIndexes([index])
  } catch (error) {
    if (!isOptionsConflict(error) || index.expireAfterSeconds === undefined) throw error
    await changeLifetime({ database, log }, collection, index)
  }
}

async function changeLifetime({ database, log }: IndexPlace, collection: string, index: Index): Promise<void> {
  const { key: keyPattern, expireAfterSeconds } = index
  const changing = database.command({ collMod: collection, index: { keyPattern, expireAfterSeconds } })
  await changing.catch((error: unknown) => {
    if (codeOf(error) !== unauthorized) throw error
    // The role readWrite has all but this, and nothing is lost by it.
    log.warn(
      { collection, expireAfterSeconds },
      'time to live stays as it was, since the user may not change it: that takes the role dbAdmin',
    )
  })
}

const namespaceNotFound = 26
const unauthorized = 13

/** `IndexOptionsConflict`, or `IndexKeySpecsConflict`. */
function isOptionsConflict(error: unknown): boolean {
  return [85, 86].includes(Number(codeOf(error)))
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
