import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { PermanentError } from '../../error.ts'
import { applicationId, migrations } from './schema.ts'
import { isBusy, isCorrupt } from './sqlite-error.ts'

export interface OpenOptions {
  /** `shared` lets several connections in; otherwise one process owns the file while it has it open. */
  readonly access: 'exclusive' | 'shared'
  /** How long to wait for another connection that is just closing or writing. */
  readonly busyTimeoutMs: number
  /** What is in the file; by default the state. */
  readonly content?: DatabaseContent
}

export interface DatabaseContent {
  /** Marks a file as one of these. */
  readonly applicationId: number
  /** What brings a file from the format of the index to the next one. */
  readonly migrations: readonly string[]
}

const stateContent: DatabaseContent = { applicationId, migrations }

/** A larger file is not read through at every start; its faults show when they are met. */
const checkedBytes = 64 * 1024 * 1024

/** Dead letters hold what came in: bodies, and headers with whatever a caller proved itself by. */
const ownersDirectory = 0o700
const ownersFile = 0o600

/**
 * The database at the path, made with its directory when there is none, brought to the current format. Only this user can read its files.
 *
 * @throws {PermanentError} `StateUnusable`, `StateInUse`, `StateCorrupt` or `StateTooNew`, with what to do
 */
export function openDatabase(path: string, options: OpenOptions): DatabaseSync {
  const { content = stateContent } = options
  let database: DatabaseSync | undefined
  try {
    mkdirSync(dirname(path), { recursive: true, mode: ownersDirectory })
    // SQLite would let everybody read it; the files beside it get its mode.
    closeSync(openSync(path, 'a', ownersFile))
    database = new DatabaseSync(path, { timeout: options.busyTimeoutMs })
    if (options.access === 'exclusive') database.exec('PRAGMA locking_mode = EXCLUSIVE')
    // Before anything is written into what may not be ours.
    checkFormat(database, path, content)
    keepFromOthers(path)
    configure(database)
    if (statSync(path).size <= checkedBytes) checkPages(database, path)
    migrate(database, content)
    return database
  } catch (error) {
    database?.close()
    throw openingError(error, path)
  }
}

/** The files of an earlier version, which were open to all. A file of another user's stays as that one has it. */
function keepFromOthers(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    const stat = statSync(file, { throwIfNoEntry: false })
    const isOpen = stat !== undefined && (stat.mode & 0o777) !== ownersFile
    if (isOpen && stat.uid === process.getuid?.()) chmodSync(file, ownersFile)
  }
}

function configure(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = WAL')
  // A commit is on disk before anybody hears of it.
  database.exec('PRAGMA synchronous = FULL')
  // The lock of an exclusive connection is taken by its first writing transaction.
  database.exec('BEGIN IMMEDIATE; COMMIT')
}

function checkFormat(database: DatabaseSync, path: string, { applicationId, migrations }: DatabaseContent): void {
  const currentFormat = migrations.length
  const format = pragma(database, 'user_version')
  const isOurs = pragma(database, 'application_id') === applicationId
  const tables = Number(database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'])
  if (!isOurs && tables > 0) {
    throw new PermanentError('StateUnusable', `${path} is the database of another application: name another directory`)
  }
  if (isOurs && format > currentFormat) {
    throw new PermanentError(
      'StateTooNew',
      `${path} was written by a newer version of weir (format ${format}, this one knows ${currentFormat}): use that version, or another directory`,
    )
  }
}

function checkPages(database: DatabaseSync, path: string): void {
  const answer = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (answer !== 'ok') throw corruptError(path)
}

function migrate(database: DatabaseSync, { applicationId, migrations }: DatabaseContent): void {
  for (let format = pragma(database, 'user_version'); format < migrations.length; format += 1) {
    database.exec(`
      BEGIN IMMEDIATE;
      ${migrations[format]}
      PRAGMA application_id = ${applicationId};
      PRAGMA user_version = ${format + 1};
      COMMIT;
    `)
  }
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

/** What a file cannot be opened for, and what to do. */
export function openingError(error: unknown, path: string): PermanentError {
  if (error instanceof PermanentError) return error
  if (isBusy(error)) {
    const message = `${path} is in use by another weir: stop that one, or name another directory`
    return new PermanentError('StateInUse', message, { cause: error })
  }
  if (isCorrupt(error)) return corruptError(path, error)
  const reason = error instanceof Error ? error.message : String(error)
  const message = `${path} cannot be opened: ${reason}. Name a directory that can be written`
  return new PermanentError('StateUnusable', message, { cause: error })
}

function corruptError(path: string, cause?: unknown): PermanentError {
  const message = `${path} is damaged: restore it from a backup, or move it away together with ${path}-wal to begin anew`
  return new PermanentError('StateCorrupt', message, { cause })
}
