import type { Db, IndexDescription } from 'mongodb'
import type { MongoRetention } from '../retention.ts'

type Index = Pick<IndexDescription, 'key' | 'unique' | 'expireAfterSeconds' | 'partialFilterExpression'>

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
      { key: { runKeys: 1 } },
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
    'blobs.files': [expiring],
    'blobs.chunks': [chunks, expiring],
  }
}

/** Safe to repeat, and in several processes at once. A time to live that has changed takes the place of the old one. */
export async function createIndexes(database: Db, retention: MongoRetention): Promise<void> {
  const creating = Object.entries(indexesOf(retention)).map(async ([name, indexes]) => {
    try {
      await database.collection(name).createIndexes([...indexes])
    } catch (error) {
      if (!isOptionsConflict(error)) throw error
      await changeTimesToLive(database, name, indexes)
      await database.collection(name).createIndexes([...indexes])
    }
  })
  await Promise.all(creating)
}

async function changeTimesToLive(database: Db, collMod: string, indexes: readonly Index[]): Promise<void> {
  for (const { key: keyPattern, expireAfterSeconds } of indexes) {
    if (expireAfterSeconds === undefined) continue
    await database.command({ collMod, index: { keyPattern, expireAfterSeconds } })
  }
}

/** `IndexOptionsConflict`, or `IndexKeySpecsConflict`. */
function isOptionsConflict(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 85 || error.code === 86)
}
