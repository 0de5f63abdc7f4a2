import type { AnyBulkWriteOperation } from 'mongodb'
import type { MongoLink } from './mongo-link.ts'

/**
 * Bytes of any size in GridFS' form, so that its tools read them. An id stands for the same bytes for ever, so that every
 * write can be repeated, and what a killed process left half written is completed by the next one.
 */
export interface GridFiles {
  /** @param keepUntil absent means for ever; an earlier instant than one that was promised changes nothing */
  readonly put: (id: string, bytes: Buffer, keepUntil?: Date) => Promise<void>
  readonly get: (id: string) => Promise<Buffer | undefined>
  /** Lets it be forgotten after the instant. */
  readonly expire: (id: string, at: Date) => Promise<void>
  readonly remove: (id: string) => Promise<void>
}

interface FileEntry {
  readonly _id: string
  readonly length: number
  readonly chunkSize: number
  readonly uploadDate: Date
  readonly expiresAt?: Date
}

interface ChunkEntry {
  readonly _id: string
  readonly files_id: string
  readonly n: number
  readonly data: Buffer
  readonly expiresAt?: Date
}

const chunkSize = 1024 * 1024
const dayMs = 86_400_000

/** To be used within the link's `run`. */
export function gridFiles(link: MongoLink, bucket: string): GridFiles {
  const files = link.deciding<FileEntry>(`${bucket}.files`)
  const chunks = link.deciding<ChunkEntry>(`${bucket}.chunks`)

  const writeChunks = async (id: string, bytes: Buffer, expiresAt: Date | undefined): Promise<void> => {
    const writes = chunksOf(bytes).map((data, n): AnyBulkWriteOperation<ChunkEntry> => {
      const update = { $set: { files_id: id, n, data }, ...lifetime(expiresAt) }
      return { updateOne: { filter: { _id: `${id}/${n}` }, update, upsert: true } }
    })
    if (writes.length > 0) await chunks.bulkWrite(writes, { ordered: false })
  }
  const prolongChunks = async ({ _id, length }: FileEntry, expiresAt: Date | undefined): Promise<boolean> => {
    const { matchedCount } = await chunks.updateMany({ files_id: _id }, lifetime(expiresAt))
    return matchedCount === Math.ceil(length / chunkSize)
  }
  return {
    put: async (id, bytes, keepUntil) => {
      const known = await files.findOne({ _id: id })
      if (known !== null && isKept(known, keepUntil)) return
      // Prolonged by a day more than asked, so that the next publish of the same finds it kept; the chunks outlive their file.
      const fileEnd = later(keepUntil)
      const chunkEnd = later(fileEnd)
      if (known === null || !(await prolongChunks(known, chunkEnd))) await writeChunks(id, bytes, chunkEnd)
      const entry = { length: bytes.length, chunkSize, uploadDate: new Date(), filename: id }
      await files.updateOne({ _id: id }, { $set: entry, ...lifetime(fileEnd) }, { upsert: true })
    },
    get: async (id) => {
      const file = await files.findOne({ _id: id })
      if (file === null) return undefined
      const found = await chunks.find({ files_id: id }).sort({ n: 1 }).batchSize(16).toArray()
      const bytes = Buffer.concat(found.map(({ data }) => data))
      return bytes.length === file.length ? bytes : undefined
    },
    expire: async (id, at) => {
      await chunks.updateMany({ files_id: id }, { $set: { expiresAt: later(at) ?? at } })
      await files.updateOne({ _id: id }, { $set: { expiresAt: at } })
    },
    remove: async (id) => {
      await files.deleteOne({ _id: id })
      await chunks.deleteMany({ files_id: id })
    },
  }
}

function chunksOf(bytes: Buffer): Buffer[] {
  const count = Math.ceil(bytes.length / chunkSize)
  return Array.from({ length: count }, (_, n) => bytes.subarray(n * chunkSize, (n + 1) * chunkSize))
}

function isKept({ expiresAt }: FileEntry, keepUntil: Date | undefined): boolean {
  return expiresAt === undefined || (keepUntil !== undefined && expiresAt >= keepUntil)
}

function lifetime(expiresAt: Date | undefined): { $max: { expiresAt: Date } } | { $unset: { expiresAt: true } } {
  return expiresAt === undefined ? { $unset: { expiresAt: true } } : { $max: { expiresAt } }
}

function later(instant: Date | undefined): Date | undefined {
  return instant && new Date(instant.getTime() + dayMs)
}
