import type { BlobStore } from '../store.ts'
import { gridFiles } from './grid-files.ts'
import type { MongoLink } from './mongo-link.ts'

export function mongoBlobs(link: MongoLink): BlobStore {
  const files = gridFiles(link, 'blobs')
  return {
    put: (id, bytes, keepUntil) => {
      // What is under way may not change with what was given, as long as it may have to be sent again.
      const copy = Buffer.from(bytes)
      return link.run(() => files.put(id, copy, new Date(keepUntil)))
    },
    get: (id) => link.run(() => files.get(id)),
  }
}
