import type { Collection, Document, Filter } from 'mongodb'
import type { Clock } from '../../clock.ts'
import { freshId } from '../../wire/message-id.ts'
import type { MongoRetention } from '../retention.ts'
import { defaultListLimit } from '../retention.ts'
import type { DeadLetter, DeadLetterFilter, DeadLetterStore } from '../store.ts'
import type { GridFiles } from './grid-files.ts'
import { gridFiles } from './grid-files.ts'
import type { LetterEntry } from './letter-entry.ts'
import { entryId, fileId, fileOf, letterOf, letterOfFile, locatedEntry, recordOf, shortened } from './letter-entry.ts'
import { failureOf, isDuplicateKey } from './mongo-error.ts'
import type { MongoLink } from './mongo-link.ts'

interface Bounds {
  readonly clock: Clock
  readonly retention: MongoRetention
}

const dayMs = 86_400_000
const largestEntryBytes = 1024 * 1024
/** Letters of up to 10 MB each are held at a time by a scan. */
const scannedAtATime = 20

export function mongoDeadLetters(link: MongoLink, { clock, retention }: Bounds): DeadLetterStore {
  const parts: LetterParts = {
    link,
    letters: link.deciding<LetterEntry>('deadLetters'),
    files: gridFiles(link, 'deadLetterBodies'),
  }
  const { letters, files } = parts
  const { putEntry, putWithFile } = letterWriter(parts)
  const { letterAt, scan } = letterReader(parts)

  const fileEnd = (): Date => new Date(clock.now() + retention.settledLettersMs + dayMs)
  return {
    put: async (letter) => {
      const order = clock.now().toString(16).padStart(12, '0') + freshId()
      const record = recordOf(letter)
      if (record.length + letter.body.length > largestEntryBytes) return link.run(() => putWithFile(letter, order))
      const body = Buffer.from(letter.body)
      await link.run(async () => {
        try {
          await putEntry({ ...locatedEntry(letter, order), record, body })
        } catch (error) {
          if (failureOf(error).code !== 'StoreDocumentRefused') throw error
          await putWithFile({ ...letter, body }, order)
        }
      })
    },
    get: (key) =>
      link.run(async () => {
        const entry = await letters.findOne({ _id: entryId(key) })
        return entry === null ? undefined : letterAt(entry)
      }),
    list: (filter) => Array.fromAsync(scan({ ...filter, limit: filter.limit ?? defaultListLimit })),
    count: (filter) => link.run(() => letters.countDocuments(wanted(filter, undefined))),
    scan,
    mark: (key, state) => {
      const _id = entryId(key)
      const by = freshId()
      const expiresAt = { $add: ['$$NOW', retention.settledLettersMs] }
      const change: Document = { $set: { state, by, expiresAt } }
      return link.run(async () => {
        await letters.updateOne({ _id, state: 'dead' }, [change])
        const known = await letters.findOne({ _id }, { projection: { by: 1, file: 1 } })
        // Not before its letter.
        if (known?.file !== undefined) await files.expire(known.file, fileEnd())
        return known?.by === by
      })
    },
  }
}

interface LetterParts {
  readonly link: MongoLink
  readonly letters: Collection<LetterEntry>
  readonly files: GridFiles
}

interface LetterWriter {
  readonly putEntry: (entry: LetterEntry) => Promise<void>
  readonly putWithFile: (letter: DeadLetter, order: string) => Promise<void>
}

function letterWriter({ letters, files }: LetterParts): LetterWriter {
  /** Takes the place of one that waits; gives the file that nobody names any more. */
  const replace = async (entry: LetterEntry): Promise<string | undefined> => {
    try {
      const filter: Filter<LetterEntry> = { _id: entry._id, state: 'dead' }
      const before = await letters.findOneAndReplace(filter, entry, { upsert: true, projection: { file: 1 } })
      return before?.file === entry.file ? undefined : before?.file
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
      // Another put it at the same time, or it is settled for good.
      const known = await letters.findOne({ _id: entry._id }, { projection: { state: 1, file: 1 } })
      if (known?.state === 'dead' || known === null) throw error
      return known.file === entry.file ? undefined : entry.file
    }
  }
  const putEntry = async (entry: LetterEntry): Promise<void> => {
    const unnamed = await replace(entry)
    if (unnamed !== undefined) await files.remove(unnamed)
  }
  const putWithFile = async (letter: DeadLetter, order: string): Promise<void> => {
    const entry = locatedEntry(letter, order)
    const bytes = fileOf(recordOf(letter), letter.body)
    const file = fileId(entry, bytes)
    await files.put(file, bytes)
    await putEntry({ ...entry, file })
  }
  return { putEntry, putWithFile }
}

interface LetterReader {
  readonly letterAt: (entry: LetterEntry) => Promise<DeadLetter | undefined>
  readonly scan: (filter: DeadLetterFilter) => AsyncGenerator<DeadLetter>
}

function letterReader({ link, letters, files }: LetterParts): LetterReader {
  const letterAt = async (entry: LetterEntry): Promise<DeadLetter | undefined> => {
    const { record, body, state, file = '' } = entry
    if (record !== undefined) return letterOf(record, Buffer.from(body ?? []), state)
    const bytes = await files.get(file)
    return bytes && letterOfFile(bytes, state)
  }
  const pageOf = async (filter: DeadLetterFilter, behind: LetterEntry | undefined, limit: number) =>
    letters.find(wanted(filter, behind)).sort({ diedAt: -1, order: -1 }).limit(limit).toArray()
  const scan = async function* (filter: DeadLetterFilter): AsyncGenerator<DeadLetter> {
    let behind: LetterEntry | undefined
    for (let remaining = filter.limit ?? Number.POSITIVE_INFINITY; remaining > 0;) {
      const limit = Math.min(remaining, scannedAtATime)
      const from = behind
      const page = await link.run(() => pageOf(filter, from, limit))
      for (const entry of page) {
        const letter = await link.run(() => letterAt(entry))
        // Replaced, or forgotten, since the page was read.
        if (letter !== undefined) yield letter
      }
      behind = page.at(-1)
      remaining = page.length < limit ? 0 : remaining - limit
    }
  }
  return { letterAt, scan }
}

const filters = ['flow', 'step', 'code', 'run', 'state'] as const

function wanted(filter: DeadLetterFilter, behind: LetterEntry | undefined): Filter<LetterEntry> {
  const fields = filters.flatMap((name) => (filter[name] === undefined ? [] : [[name, shortened(filter[name])]]))
  const { diedFrom, diedTo } = filter
  const diedAt = { ...(diedFrom !== undefined && { $gte: diedFrom }), ...(diedTo !== undefined && { $lte: diedTo }) }
  return {
    ...(Object.fromEntries(fields) as Filter<LetterEntry>), // texts by the names of its fields
    ...(Object.keys(diedAt).length > 0 && { diedAt }),
    ...(behind && {
      $or: [{ diedAt: { $lt: behind.diedAt } }, { diedAt: behind.diedAt, order: { $lt: behind.order } }],
    }),
  }
}
