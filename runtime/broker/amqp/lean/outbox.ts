/**
 * Bytes that wait for the end of the turn, so that a turn makes one write. Small things are put into a slab one behind
 * the other; a slab is never used twice, so what is being written needs no bookkeeping. Large things are passed as they are.
 */
export interface Outbox {
  slab: Buffer
  /** Where the part of the slab begins that is not yet among the pieces. */
  from: number
  at: number
  pieces: Buffer[]
}

const slabBytes = 64 * 1024

export function openOutbox(): Outbox {
  return { slab: Buffer.alloc(0), from: 0, at: 0, pieces: [] }
}

/** Afterwards the slab has room for so many bytes at `at`; who writes there moves `at` when all is written. */
export function reserve(outbox: Outbox, count: number): void {
  if (outbox.at + count <= outbox.slab.length) return
  seal(outbox)
  outbox.slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, count))
  outbox.from = 0
  outbox.at = 0
}

/** Copied; for what is small. */
export function put(outbox: Outbox, bytes: Buffer): void {
  reserve(outbox, bytes.length)
  outbox.slab.set(bytes, outbox.at)
  outbox.at += bytes.length
}

/** Not copied: the bytes belong to the outbox from now on. */
export function append(outbox: Outbox, bytes: Buffer): void {
  seal(outbox)
  outbox.pieces.push(bytes)
}

/** Everything that waits, in order; afterwards the outbox is empty. */
export function takePieces(outbox: Outbox): readonly Buffer[] {
  seal(outbox)
  const { pieces } = outbox
  outbox.pieces = []
  return pieces
}

function seal(outbox: Outbox): void {
  if (outbox.at > outbox.from) outbox.pieces.push(outbox.slab.subarray(outbox.from, outbox.at))
  outbox.from = outbox.at
}
