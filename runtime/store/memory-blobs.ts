import { binaryHeap } from '../binary-heap.ts'
import type { Clock } from '../clock.ts'
import type { Work } from './memory-store.ts'
import type { BlobStore } from './store.ts'

interface KeptBlob {
  readonly bytes: Buffer
  readonly keepUntil: number
}

export function memoryBlobs(work: Work, clock: Clock): BlobStore {
  const blobs = new Map<string, KeptBlob>()
  const expiries = binaryHeap<{ readonly id: string; readonly at: number }>((left, right) => left.at < right.at)

  const forgetExpired = (): void => {
    const now = clock.now()
    for (let next = expiries.peek(); next && next.at < now; next = expiries.peek()) {
      expiries.pop()
      // One that was extended has a later entry.
      if ((blobs.get(next.id)?.keepUntil ?? 0) < now) blobs.delete(next.id)
    }
  }
  return {
    put: (id, bytes, keepUntil) =>
      work(() => {
        forgetExpired()
        const known = blobs.get(id)
        if (known !== undefined && known.keepUntil >= keepUntil) return
        blobs.set(id, { bytes: known?.bytes ?? Buffer.from(bytes), keepUntil })
        expiries.push({ id, at: keepUntil })
      }),
    get: (id) =>
      work(() => {
        forgetExpired()
        const known = blobs.get(id)
        return known && Buffer.from(known.bytes)
      }),
  }
}
